"""The status as tables of a terminal: the same values as the plain lines, in colour and never only in colour."""
from typing import TYPE_CHECKING

from platform.report.past import lines as past_lines
from platform.report.status import (
    OrderState,
    Status,
    StepState,
    awaiting_lines,
    balance_lines,
    heading,
    isolation_word,
    took,
    what_became,
)

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

STYLES = {"COMPLETED": "green", "PARTIAL": "yellow", "FAILED": "bold red", "INVALID": "bold red", "SKIPPED": "yellow",
          "RUNNING": "bold cyan", "DUE": "bold", "NEEDS_DECISION": "bold magenta"}


def tables(status: Status) -> "Group":
    """One table an order, then what is invalid and the balances."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Table | Text] = []
    for order in status.orders:
        parts += [Text(heading(order), style=STYLES[order.state])]
        parts += [Text(f"  {order.refusal_words}")] if order.refusal_words else []
        parts += [_table(order)]
    for name, problems in status.refused.items():
        parts += [Text(f"INVALID    {name}", style=STYLES["INVALID"]), *(Text(f"  {line}") for line in problems)]
    parts += [Text(line) for line in (*past_lines(status.past), *awaiting_lines(status), *balance_lines(status))]
    return Group(*parts or [Text("no enabled work orders")])


def _table(order: OrderState) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False, expand=False)
    for name, right, folds in (("state", False, False), ("step", False, True), ("module", False, True),
                               ("credits", True, False), ("time", True, False), ("isolation", False, False),
                               ("reason or folder", False, True)):
        table.add_column(name, justify="right" if right else "left", no_wrap=not folds,
                         overflow="fold" if folds else "ellipsis", header_style="dim")
    for step in order.steps:
        table.add_row(Text(step.state, style=STYLES[step.state]), step.step_id, step.module_id, str(step.credits),
                      took(step), isolation_word(step), Text(_last(step)))
    return table


def _last(step: StepState) -> str:
    folder = step.log.rpartition("/")[0]
    return "\n".join(part for part in (what_became(step), folder) if part)
