"""The status on a terminal: the values of the plain text, in colour, but never only in colour.

Each step is one line, in the columns of its order. Its reason and directory are on the next line,
or in a last column if the terminal is wide enough.
"""
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from platform.report.past import lines as past_lines
from platform.report.status import (
    RIGHT,
    OrderState,
    StatusReport,
    StepState,
    awaiting_lines,
    balance_lines,
    columns,
    heading,
    what_became,
)

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, Group
    from rich.table import Table
    from rich.text import Text

STYLES = {
    "COMPLETED": "green",
    "PARTIAL": "yellow",
    "FAILED": "bold red",
    "INVALID": "bold red",
    "SKIPPED": "yellow",
    "RUNNING": "bold cyan",
    "DUE": "bold",
    "NEEDS_DECISION": "bold magenta",
}
_HEADS = ("state", "step", "module", "credits", "time", "isolation")
_STEP, _MODULE = 1, 2
_BETWEEN = 2  # columns between two cells
_LAST_WIDTH = 36  # the least width of the last column; otherwise its text is on the next line
_LEAST = 6  # the least width of a wrapped id


def tables(status: StatusReport) -> "Group":
    """One table per order, then invalid orders and the balances."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Steps | Text] = []
    for order in status.orders:
        parts += [Text(heading(order), style=STYLES[order.state])]
        parts += [Text(f"  {order.refusal_words}")] if order.refusal_words else []
        parts += [Steps(order)] if order.steps else []
    for name, problems in status.refused.items():
        parts += [
            Text(f"INVALID    {name}", style=STYLES["INVALID"]),
            *(Text(f"  {line}") for line in problems),
        ]
    parts += [
        Text(line)
        for line in (*past_lines(status.past), *awaiting_lines(status), *balance_lines(status))
    ]
    return Group(*parts or [Text("no enabled work orders")])


class Steps:
    """The steps of one order, for the width of the terminal."""

    def __init__(self, order: OrderState) -> None:
        self._order = order

    def __rich_console__(
        self, console: "Console", options: "ConsoleOptions"
    ) -> "Iterator[Table | Text]":
        from rich.padding import Padding
        from rich.text import Text

        rows = [
            tuple(words.removesuffix(" credits").removesuffix(" credit") for words in columns(step))
            for step in self._order.steps
        ]
        widths = fitting(
            [max(map(len, column)) for column in zip(_HEADS, *rows, strict=True)], options.max_width
        )
        free = options.max_width - sum(widths) - _BETWEEN * len(widths)
        in_line = free >= _LAST_WIDTH
        heads = [*_HEADS[:len(widths)], *(["reason or directory"] if in_line else [])]
        yield _line([Text(head, style="dim") for head in heads], widths)
        rule = options.max_width if in_line else options.max_width - free - _BETWEEN
        yield Text("─" * rule, style="dim")
        for step, row in zip(self._order.steps, rows, strict=True):
            cells = [Text(row[0], style=STYLES[step.state]), *map(Text, row[1:len(widths)])]
            last = Text("\n".join(_last(step)))
            yield _line([*cells, last] if in_line else cells, widths)
            if last and not in_line:
                yield Padding(last, (0, 0, 0, 4))  # type: ignore[misc]


def fitting(widths: Sequence[int], most: int) -> list[int]:
    """The widths of the columns, in `most` characters at most.

    If the width is too small, the isolation is left out first. Then the ids of steps and modules
    are wrapped. Then the time and the credits are left out.
    """
    found = list(widths)
    if _whole(found) > most:
        found.pop()
    while (
        len(found) > _MODULE + 1
        and _whole(
            [
                min(width, _LEAST) if index in (_STEP, _MODULE) else width
                for index, width in enumerate(found)
            ]
        )
        > most
    ):
        found.pop()
    over = _whole(found) - most
    while over > 0 and max(found[_STEP], found[_MODULE]) > _LEAST:
        longer = _STEP if found[_STEP] >= found[_MODULE] else _MODULE
        found[longer] -= 1
        over -= 1
    return found


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + _BETWEEN * (len(widths) - 1)


def _line(cells: "Sequence[Text]", widths: Sequence[int]) -> "Table":
    """One line; a cell without a width takes the rest of it."""
    from rich.table import Table

    line = Table.grid(padding=(0, _BETWEEN, 0, 0))
    for index, width in enumerate(widths):
        line.add_column(width=width, justify="right" if index in RIGHT else "left", overflow="fold")
    if len(cells) > len(widths):
        line.add_column(overflow="fold")
    line.add_row(*cells)
    return line


def _last(step: StepState) -> list[str]:
    """Why a step is not done, and its directory."""
    folder = step.log.rpartition("/")[0]
    return [part for part in (what_became(step), folder) if part]
