"""The names that bound files get inside a package: each right by itself, and no two one name on some system."""
from collections.abc import Iterator
from datetime import date

from platform.check.say import each_order, of_step
from platform.model.order import Order, Step, bindings_in
from platform.model.paths import folded, path_fault
from platform.model.problem import Path, Problem
from platform.model.repo import Repo

OWN_FILES = ("manifest.json", "manifest.csv")  # what every package holds itself


@each_order
def packages(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    for step in order.steps:
        yield from _step(order, step)


def _step(order: Order, step: Step) -> Iterator[Problem]:
    taken: dict[str, Path | None] = {folded(name): None for name in OWN_FILES}  # folded name -> who took it
    folders: dict[str, Path] = {}
    for path, name in [(path, binding.as_path) for path, binding in bindings_in(step.inputs) if binding.as_path]:
        at = ("inputs", *path, "as_path")
        fault = path_fault(name)
        if fault:
            yield of_step(order, step, "bad-as-path", f"as_path {fault}", "write a name such as data/report.json", *at)
            continue
        key = folded(name)
        parts = key.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        clash = next((part for part in (key, *above) if part in taken), None)
        if clash is None and key not in folders:
            taken[key] = at
            for part in above:
                folders.setdefault(part, at)
            continue
        other = taken[clash] if clash is not None else folders[key]
        where = f"is taken at {order.source.place('steps', step.index, *other)}" if other else "is the package's own"
        yield of_step(order, step, "as-path-collision", f"as_path `{name}` {where}; case and Unicode form do not tell "
                      "names apart", "give it another name", *at)
