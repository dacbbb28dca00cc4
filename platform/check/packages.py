"""The names that bound files get inside a package: each right by itself, and no two one name on some system.

The same file bound twice to one name is one file: an output inside a directory that is bound too, at the name that it
has there anyway. Only a different source for the same name is a collision.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from platform.check.say import each_order, of_step
from platform.model.order import Binding, Order, Step, bindings_in
from platform.model.paths import folded, path_fault
from platform.model.problem import Path, Problem
from platform.model.repo import Repo

OWN_FILES = ("manifest.json", "manifest.csv")  # what every package holds itself


@each_order
def packages(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    makers = order.steps_by_id()
    outputs = {(name, port.id): port.path.rstrip("/") for name, maker in makers.items()
               if (contract := repo.contracts.get(maker.module_id)) for port in contract.outputs.values()}
    for step in order.steps:
        yield from _step(order, step, outputs)


@dataclass(frozen=True, slots=True)
class _Named:
    """A name in a package and what gets it: `path` of `maker`, a step or the assets; None where that cannot be told."""

    name: str
    at: Path | None = None
    maker: tuple[str, str] | None = None
    path: str = ""

    def is_inside(self, other: "_Named") -> bool:
        """Whether this is the file that the directory `other` has at this name anyway, or `other` itself."""
        below = self.name.removeprefix(other.name)
        return (self.maker is not None and self.maker == other.maker and self.name == other.name + below
                and self.path == other.path + below)


def _step(order: Order, step: Step, outputs: Mapping[tuple[str, str], str]) -> Iterator[Problem]:
    """`outputs` are the paths of what can be bound, by step and output id."""
    taken = {folded(name): _Named(name) for name in OWN_FILES}
    below: dict[str, list[_Named]] = {}  # what lies below a folded name
    for path, binding in [(path, binding) for path, binding in bindings_in(step.inputs) if binding.as_path]:
        at = ("inputs", *path, "as_path")
        fault = path_fault(binding.as_path)
        if fault:
            yield of_step(order, step, "bad-as-path", f"as_path {fault}", "write a name such as data/report.json", *at)
            continue
        new = _named(binding, at, outputs)
        key = folded(new.name)
        parts = key.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        around = [taken[part] for part in (key, *above) if part in taken]
        other = next((found for found in around if not new.is_inside(found)), None) or next(
            (found for found in below.get(key, ()) if not found.is_inside(new)), None)
        if other is None:
            taken.setdefault(key, new)
            for part in above:
                below.setdefault(part, []).append(new)
            continue
        where = f"is taken at {order.source.place('steps', step.index, *other.at)}" if other.at else \
            "is the package's own"
        yield of_step(order, step, "as-path-collision", f"as_path `{new.name}` {where}; case and Unicode form do not "
                      "tell names apart", "give it another name", *at)


def _named(binding: Binding, at: Path, outputs: Mapping[tuple[str, str], str]) -> _Named:
    if binding.asset:
        return _Named(binding.as_path, at, ("asset", ""), binding.asset)
    path = outputs.get((binding.from_step, binding.output_id), "") if binding.output_id else binding.from_file
    return _Named(binding.as_path, at, ("step", binding.from_step) if path else None, path)
