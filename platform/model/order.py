"""A work order as its tenant wrote it, after reading: typed, frozen, nothing filled in from elsewhere."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from platform.model.ids import OrderId
from platform.model.problem import NOWHERE, Source


class Mode(StrEnum):
    """STRICT: the first failed step stops the order. PARTIAL_ALLOWED: steps that do not depend on it go on."""

    PARTIAL_ALLOWED = "PARTIAL_ALLOWED"
    STRICT = "STRICT"


class Kind(StrEnum):
    TRANSFORM = "transform"
    PACKAGING = "packaging"
    DELIVERY = "delivery"
    OTHER = "other"


class Reuse(StrEnum):
    CACHE = "cache"
    NONE = "none"


class Selector(StrEnum):
    """How a bound file becomes a value; FILE is the file or directory itself."""

    FILE = "file"
    TEXT = "text"
    LINES = "lines"
    JSON = "json"
    JSONL = "jsonl"
    JSONL_FIRST = "jsonl_first"


@dataclass(frozen=True, slots=True)
class Binding:
    """An input's value that comes from elsewhere: an upstream step's output, or a file below the tenant's assets.

    Exactly one of `from_step` and `asset` is set; with `from_step`, exactly one of `output_id` and `from_file`.
    """

    from_step: str = ""
    output_id: str = ""
    from_file: str = ""
    asset: str = ""
    selector: Selector = Selector.FILE
    take: int | None = None
    json_path: str = ""
    as_path: str = ""


BINDING_KEYS = frozenset({"from_step", "asset", "output_id", "from_file"})  # a map with one of them is a binding

# A literal is any JSON value; a Binding may stand at any depth of its lists and maps.
Value = Any


@dataclass(frozen=True, slots=True)
class Step:
    step_id: str
    module_id: str
    kind: Kind
    step_name: str = ""
    enabled: bool = True
    deliverables: tuple[str, ...] = ()
    inputs: Mapping[str, Value] = field(default_factory=dict)
    reuse_output_type: Reuse = Reuse.CACHE
    needs: tuple[str, ...] = ()
    timeout_s: int | None = None
    retries: int = 0
    index: int = 0  # its place in the file's list of steps, disabled ones counted: for `Source.place("steps", index)`


@dataclass(frozen=True, slots=True)
class Order:
    tenant_id: str  # the folder the file lies in
    work_order_id: str
    enabled: bool = True
    mode: Mode = Mode.PARTIAL_ALLOWED
    artifacts_requested: bool = False
    metadata: Mapping[str, Value] = field(default_factory=dict)  # never part of a hash
    schedule_cron: str = ""
    promotions: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    source: Source = field(default=NOWHERE, compare=False, repr=False)

    @property
    def id(self) -> OrderId:
        return OrderId(self.tenant_id, self.work_order_id)

    def steps_by_id(self) -> dict[str, Step]:
        """Its steps in their order, also those that are not enabled; of two with one id the first."""
        first: dict[str, Step] = {}
        for step in self.steps:
            first.setdefault(step.step_id, step)
        return first


def bindings_in(value: Value, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Binding]]:
    """Every binding inside a value with the way to it, in the order they stand."""
    if isinstance(value, Binding):
        return [(path, value)]
    if isinstance(value, Mapping):
        return [found for key, item in value.items() for found in bindings_in(item, (*path, key))]
    if isinstance(value, list | tuple):
        return [found for index, item in enumerate(value) for found in bindings_in(item, (*path, index))]
    return []


def with_bindings(value: Value, replace: Callable[[str, Binding], Value], pointer: str = "") -> Value:
    """A value with each binding replaced by what `replace(JSON pointer, binding)` says; the value itself is kept."""
    if isinstance(value, Binding):
        return replace(pointer, value)
    if isinstance(value, Mapping):
        return {key: with_bindings(item, replace, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
                for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_bindings(item, replace, f"{pointer}/{index}") for index, item in enumerate(value)]
    return value


def upstream_of(step: Step) -> tuple[str, ...]:
    """The step ids that a step waits for by its own words: bindings first, then `needs`, each once."""
    bound = [binding.from_step for _, binding in bindings_in(step.inputs) if binding.from_step]
    return tuple(dict.fromkeys([*bound, *step.needs]))
