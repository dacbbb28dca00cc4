"""A run in GitHub's formats: problems as workflow annotations, and a summary in Markdown. Pure.

Text from people or modules is escaped: it cannot contain a workflow command, a cell separator or
markup.
"""
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from platform.model.characters import replaced
from platform.model.problem import Problem
from platform.model.words import shortened

MOST_ROWS = 300  # of one table: GitHub takes 1 MiB of summary per step
LONGEST_CELL = 300  # characters of one message
_MARKUP = re.compile(r"([\\`*_\[\]|~<>&]|:(?=//))")
# GitHub searches the rendered text for mentions, references, mathematics and links. A backslash
# does not prevent that; an invisible word joiner does.
_ACTIVE = re.compile(r"([@#])|(\$)|(www)\.|(gh-)(?=[0-9])", re.IGNORECASE)
_JOINER = "&#8288;"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order: `credits` is its whole price; `problems` are the reasons of its refusal."""

    name: str
    title: str
    status: str
    reason: str
    completed: int
    steps: int
    credits: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailureLine:
    """One step that did not complete; `state` is FAILED or SKIPPED, `log` the path of its log."""

    name: str
    state: str
    reason: str
    message: str
    log: str


def annotation(problem: Problem, folder: str = "") -> str:
    """A problem as a workflow command.

    `folder` is the repository's path in the workspace, empty or ending in /.
    """
    level = "warning" if problem.warning else "error"
    file, line, column = problem.place
    where = {"file": folder + file, "line": str(line), "col": str(column), "title": problem.code}
    properties = ",".join(f"{name}={_property(value)}" for name, value in where.items())
    return f"::{level} {properties}::{_data(f'{problem.what}; {problem.fix}')}"


def summary(orders: Sequence[OrderLine], failures: Sequence[FailureLine], last_line: str) -> str:
    """The Markdown of one run: orders (not COMPLETED first), failed steps, then problems."""
    ranked = sorted(orders, key=lambda order: order.status == "COMPLETED")
    parts = [f"### PLATFORM\n\n{cell(last_line)}"]
    if orders:
        parts.append(
            _table(
                ("order", "status", "steps completed", "price in credits", "what it is"),
                [
                    (
                        order.name,
                        _status(order),
                        f"{order.completed} of {order.steps}",
                        str(order.credits),
                        order.title,
                    )
                    for order in ranked
                ],
            )
        )
    if failures:
        parts.append("#### Steps that did not complete\n\n" + _table(
            ("step", "state", "reason", "message", "log"),
            [(line.name, line.state, line.reason, line.message, line.log) for line in failures]))
    problems = [(order.name, text) for order in ranked for text in order.problems]
    if problems:
        parts.append("#### Invalid input\n\n" + _table(("order", "problem"), problems))
    return "\n\n".join(parts) + "\n\n"


def cell(text: str) -> str:
    """Text for a Markdown table: one line of at most LONGEST characters, without markup or HTML."""
    short = shortened(" ".join(text.split()), LONGEST_CELL)
    return _ACTIVE.sub(_inactive, _MARKUP.sub(r"\\\1", replaced(short, by="?")))


def _inactive(found: re.Match[str]) -> str:
    mark, dollar, www, issue = found.groups()
    if mark:
        return f"&#{ord(mark)};{_JOINER}"
    return "&#36;" if dollar else f"{www}&#46;" if www else f"{issue}{_JOINER}"


def _status(order: OrderLine) -> str:
    return f"{order.status} {order.reason}".rstrip()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        _row(head),
        _row(["---"] * len(head), escape=False),
        *(_row(row) for row in rows[:MOST_ROWS]),
    ]
    more = len(rows) - MOST_ROWS
    return "\n".join(lines) + (f"\n\nand {more} more" if more > 0 else "")


def _row(cells: Iterable[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(cell(text) if escape else text for text in cells) + " |"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
