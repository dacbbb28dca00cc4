"""Titles and names that people read: letters, joiners and spaces of every script, on one line."""
from collections.abc import Iterator
from datetime import date

from platform.check.problems import each_order, of_order, of_step
from platform.model.characters import is_line_break, name_of, refused_in
from platform.model.order import Order
from platform.model.problem import Problem
from platform.model.repo import Repo


@each_order
def titles(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """An order's title and its steps' names contain no character that reverses text or moves the
    cursor."""
    if fault := _fault("the title", order.metadata.get("title")):
        yield of_order(order, "control-character", *fault, "metadata", "title")
    for step in order.steps:
        if fault := _fault("the name of the step", step.step_name):
            yield of_step(order, step, "control-character", *fault, "step_name")


def _fault(name: str, value: object) -> tuple[str, str] | None:
    """What is wrong, and what to do. A line break at the end comes from a YAML block, so it is
    allowed."""
    refused = refused_in(value.rstrip("\n")) if isinstance(value, str) else ""
    if not refused:
        return None
    fix = "write it on one line" if is_line_break(refused) else "remove it"
    return f"{name} has {name_of(refused)}", fix
