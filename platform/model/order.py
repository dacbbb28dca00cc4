"""A work order as its tenant wrote it: parsed, typed and frozen, without values from elsewhere."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from platform.model.ids import OrderId
from platform.model.problem import NOWHERE, SourceFile


class Mode(StrEnum):
    """STRICT: the first failed step stops the order. PARTIAL_ALLOWED: steps that do not depend on
    the failed step still run."""

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
    """How a bound file becomes a value; FILE passes the file or directory itself."""

    FILE = "file"
    TEXT = "text"
    LINES = "lines"
    JSON = "json"
    JSONL = "jsonl"
    JSONL_FIRST = "jsonl_first"


@dataclass(frozen=True, slots=True)
class Binding:
    """A reference to an input's value: an output of another step, or a file in the tenant's assets.

    Exactly one of `from_step` and `asset` is set; with `from_step`, exactly one of `output_id` and
    `from_file` is set. Empty means not set.
    """

    from_step: str = ""
    output_id: str = ""
    from_file: str = ""
    asset: str = ""
    selector: Selector = Selector.FILE
    take: int | None = None
    json_path: str = ""
    as_path: str = ""


# A map with one of these keys is a binding.
BINDING_KEYS = frozenset({"from_step", "asset", "output_id", "from_file"})

# A literal is any JSON value. Its lists and maps may contain Bindings at any depth.
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
    index: int = 0  # in the file's list of steps, disabled ones included: for `Source.place`


@dataclass(frozen=True, slots=True)
class Order:
    tenant_id: str  # the name of the directory that contains the file
    work_order_id: str
    enabled: bool = True
    mode: Mode = Mode.PARTIAL_ALLOWED
    artifacts_requested: bool = False
    metadata: Mapping[str, Value] = field(default_factory=dict)  # never part of a hash
    schedule_cron: str = ""
    promotions: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    source: SourceFile = field(default=NOWHERE, compare=False, repr=False)

    @property
    def id(self) -> OrderId:
        return OrderId(self.tenant_id, self.work_order_id)

    def steps_by_id(self) -> dict[str, Step]:
        """All steps in the file's order, disabled ones included. Of a duplicate id, the first step
        counts."""
        first: dict[str, Step] = {}
        for step in self.steps:
            first.setdefault(step.step_id, step)
        return first


def bindings_in(
    value: Value, path: tuple[str | int, ...] = ()
) -> list[tuple[tuple[str | int, ...], Binding]]:
    """Every binding in a value with the path to it, in the order of the file."""
    if isinstance(value, Binding):
        return [(path, value)]
    if isinstance(value, Mapping):
        return [found for key, item in value.items() for found in bindings_in(item, (*path, key))]
    if isinstance(value, list | tuple):
        return [
            found for index, item in enumerate(value) for found in bindings_in(item, (*path, index))
        ]
    return []


def with_bindings(
    value: Value, replace: Callable[[str, Binding], Value], pointer: str = ""
) -> Value:
    """A copy of a value in which `replace(JSON pointer, binding)` replaces each binding."""
    if isinstance(value, Binding):
        return replace(pointer, value)
    if isinstance(value, Mapping):
        return {
            key: with_bindings(
                item, replace, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            )
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [
            with_bindings(item, replace, f"{pointer}/{index}") for index, item in enumerate(value)
        ]
    return value


def pointers_in(value: Value) -> dict[str, Binding]:
    """Every binding in a value by its JSON pointer, in the order of the file."""
    found: dict[str, Binding] = {}
    with_bindings(value, found.__setitem__)
    return found


def filled(value: Value, values: Mapping[str, Any]) -> Any:
    """A copy of a value with `values`, by JSON pointer, instead of its bindings. Raises KeyError if
    one is missing."""
    return with_bindings(value, lambda pointer, _: values[pointer])


def upstream_of(step: Step) -> tuple[str, ...]:
    """The ids of the steps that a step itself names: bindings first, then `needs`, without
    duplicates."""
    bound = [binding.from_step for _, binding in bindings_in(step.inputs) if binding.from_step]
    return tuple(dict.fromkeys([*bound, *step.needs]))
