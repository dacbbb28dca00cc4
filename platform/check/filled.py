"""What a scaffold left for a person to write is written before an order runs."""
from collections.abc import Iterator, Mapping
from datetime import date

from platform.check.say import each_order, of_order, of_step
from platform.model.order import Order, Value
from platform.model.placeholder import is_placeholder
from platform.model.problem import Path, Problem
from platform.model.repo import Repo

_WHAT, _CURE = "it still says FILL IN", "write what is meant"


@each_order
def filled(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """An asset that is not filled in is missing, and that is said of it."""
    for path in _marks(order.metadata):
        yield of_order(order, "not-filled-in", _WHAT, _CURE, "metadata", *path)
    for step in order.steps:
        for path in _marks({"step_name": step.step_name, "inputs": step.inputs}):
            yield of_step(order, step, "not-filled-in", _WHAT, _CURE, *path)


def _marks(value: Value, path: Path = ()) -> Iterator[Path]:
    """Where a text is still what the scaffold wrote; a binding holds none of a person's texts but names."""
    if isinstance(value, str) and is_placeholder(value):
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _marks(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _marks(item, (*path, index))
