"""Every placeholder that `new` wrote must be replaced before an order runs."""
from collections.abc import Iterator, Mapping
from datetime import date

from platform.check.problems import each_order, of_order, of_step
from platform.model.order import Order, Value
from platform.model.placeholder import is_placeholder
from platform.model.problem import Path, Problem
from platform.model.repo import Repo

_WHAT, _CURE = "the text still says FILL IN", "replace it"


@each_order
def filled(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """Placeholders in texts. A placeholder for an asset is reported as a missing asset instead."""
    for path in _marks(order.metadata):
        yield of_order(order, "not-filled-in", _WHAT, _CURE, "metadata", *path)
    for step in order.steps:
        for path in _marks({"step_name": step.step_name, "inputs": step.inputs}):
            yield of_step(order, step, "not-filled-in", _WHAT, _CURE, *path)


def _marks(value: Value, path: Path = ()) -> Iterator[Path]:
    """The paths of texts that are still placeholders. A binding has no texts, only names."""
    if isinstance(value, str) and is_placeholder(
        value, title=path[-1:] in (("title",), ("step_name",))
    ):
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _marks(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _marks(item, (*path, index))
