"""The names of bound files in a package: each must be valid, and no two may collide on any system.

The same file may be bound twice to one name, for example alone and with its directory. Only
different sources for one name collide.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from platform.check.problems import each_order, of_step
from platform.model.contract import OutputPort
from platform.model.order import Binding, Order, Step, bindings_in
from platform.model.paths import folded, path_fault
from platform.model.problem import Path, Problem
from platform.model.repo import Repo

OWN_FILES = ("manifest.json", "manifest.csv")  # every package contains these


@each_order
def packages(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    makers = order.steps_by_id()
    outputs = {
        (name, port.id): port
        for name, maker in makers.items()
        if (contract := repo.contracts.get(maker.module_id))
        for port in contract.outputs.values()
    }
    for step in order.steps:
        yield from _step(order, step, outputs)


@dataclass(frozen=True, slots=True)
class _Named:
    """A name in a package and its source: `path` of `maker`, which is a step or the assets, or None
    if it is unknown. `is_dir`: the source is a directory output."""

    name: str
    at: Path | None = None
    maker: tuple[str, str] | None = None
    path: str = ""
    is_dir: bool = False

    def is_inside(self, other: "_Named") -> bool:
        """Whether this is `other`, or the file that the directory `other` contains at this name."""
        below = self.name.removeprefix(other.name)
        return (
            self.maker is not None
            and self.maker == other.maker
            and self.name == other.name + below
            and self.path == other.path + below
        )


def _step(
    order: Order, step: Step, outputs: Mapping[tuple[str, str], OutputPort]
) -> Iterator[Problem]:
    """`outputs` are the outputs that can be bound, by step and output id."""
    taken = {folded(name): _Named(name) for name in OWN_FILES}
    below: dict[str, list[_Named]] = {}  # the names below a folded name
    for path, binding in [
        (path, binding) for path, binding in bindings_in(step.inputs) if binding.as_path
    ]:
        at = ("inputs", *path, "as_path")
        fault = path_fault(binding.as_path)
        if fault:
            yield of_step(
                order,
                step,
                "bad-as-path",
                f"as_path {fault}",
                "write a name such as data/report.json",
                *at,
            )
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
        yield of_step(
            order,
            step,
            "as-path-collision",
            _collision(order, step, new, other),
            "give it another name",
            *at,
        )


def _collision(order: Order, step: Step, new: _Named, other: _Named) -> str:
    """Which names collide, and why."""
    name, key, others = f"as_path `{new.name}`", folded(new.name), folded(other.name)
    if other.at is None:
        return f"{name} is {'inside ' if key != others else ''}the package's own {others}"
    where = order.source.place("steps", step.index, *other.at)
    if new.name == other.name:
        return f"{name} is already the name of another {_kind(other)}, at {where}"
    if key == others:
        return (f"{name} differs from `{other.name}` at {where} only in case or Unicode form; some "
                "systems treat them as one name")
    if not key.startswith(others + "/"):
        return f"{name} is the directory that contains `{other.name}`, at {where}"
    if other.is_dir:
        return (f"{name} is in the directory `{other.name}` at {where}, which may contain another "
                "file of that name")
    return f"{name} is inside `{other.name}` at {where}, which is a file"


def _kind(named: _Named) -> str:
    return "directory" if named.is_dir else "file"


def _named(binding: Binding, at: Path, outputs: Mapping[tuple[str, str], OutputPort]) -> _Named:
    if binding.asset:
        return _Named(binding.as_path, at, ("asset", ""), binding.asset)
    if binding.output_id:
        output = outputs.get((binding.from_step, binding.output_id))
    else:
        output = next(
            (
                port
                for (step, _), port in outputs.items()
                if (step, port.path.rstrip("/")) == (binding.from_step, binding.from_file)
            ),
            None,
        )
    path = output.path.rstrip("/") if output else binding.from_file
    is_dir = output is not None and output.type == "dir"
    return _Named(binding.as_path, at, ("step", binding.from_step) if path else None, path, is_dir)
