"""A module's contract: what it takes, what it makes, what can be bought of it, what it needs to run."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platform.model.order import Kind
from platform.model.problem import NOWHERE, Source


@dataclass(frozen=True, slots=True)
class InputPort:
    """`limited` ports are set by the platform only (through bought deliverables), never by a tenant."""

    id: str
    type: str  # string integer number boolean array object file dir
    required: bool = False
    default: Any = None  # None: no default
    description: str = ""
    format: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Any, ...] = ()
    limited: bool = False


@dataclass(frozen=True, slots=True)
class OutputPort:
    """`path` lies below the step's outputs folder. Only outputs that are not `limited` can be bound or bought."""

    id: str
    type: str  # file dir
    path: str
    format: str = ""
    description: str = ""
    may_contain_secrets: bool = False  # a step whose output contains a secret of its own fails, but not for this one
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Deliverable:
    """What a tenant can buy: which outputs it promises, and which limited inputs buying it sets."""

    deliverable_id: str
    outputs: tuple[str, ...]
    limited_inputs: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    name: str
    required: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Var:
    name: str
    value: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """`params` as a step's inputs; a map `{fixture: path}` is a file from the module's own folder."""

    params: Mapping[str, Any] = field(default_factory=dict)
    expect_status: str = "COMPLETED"
    expect_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contract:
    module_id: str
    name: str
    version: str
    kind: Kind
    description: str
    inputs: Mapping[str, InputPort] = field(default_factory=dict)  # by port id, tenant's and limited ones
    outputs: Mapping[str, OutputPort] = field(default_factory=dict)
    deliverables: Mapping[str, Deliverable] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    vars: tuple[Var, ...] = ()
    network: bool = False  # requirements.network: whether the sandbox lets it out
    provider: str = ""  # requirements.provider: of a delivery, whose block of the profile's `delivery` it uses
    external: bool = False  # requirements.external_services: answers depend on the profile's `external_services`
    retention: str = ""  # cache.retention, e.g. 1w
    self_test: SelfTest | None = None
    source: Source = field(default=NOWHERE, compare=False, repr=False)


_FOR_PEOPLE = frozenset({"README.md", "CHANGELOG.md", ".gitattributes"})


def is_code(below: str) -> bool:
    """Whether a file, by its path below the module's folder, can change what the module does: not its tests, not what
    is for people, not what Python compiles."""
    return (below not in _FOR_PEOPLE and not below.startswith("tests/") and "__pycache__" not in below.split("/")
            and not below.endswith(".pyc"))
