"""A module's contract: its inputs, outputs, deliverables and requirements."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platform.model.order import Kind
from platform.model.problem import NOWHERE, SourceFile


@dataclass(frozen=True, slots=True)
class InputPort:
    """One input. Only the platform sets a `limited` port, when a deliverable is bought."""

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
    """One output. `path` is relative to the step's outputs directory. A `limited` output cannot be
    bound or bought."""

    id: str
    type: str  # file dir
    path: str
    format: str = ""
    description: str = ""
    may_contain_secrets: bool = False  # False: the step fails if this output contains its secret
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Deliverable:
    """What a tenant can buy: the outputs that it promises, and the limited inputs that it sets."""

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
class Package:
    """A Python package that the code imports as `name`, and what pip installs for it."""

    name: str
    install: str


@dataclass(frozen=True, slots=True)
class SelfTest:
    """`params` are like a step's inputs; a map `{fixture: path}` is a file in the module's
    directory."""

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
    inputs: Mapping[str, InputPort] = field(default_factory=dict)  # by port id, with limited ones
    outputs: Mapping[str, OutputPort] = field(default_factory=dict)
    deliverables: Mapping[str, Deliverable] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    vars: tuple[Var, ...] = ()
    packages: tuple[Package, ...] = ()
    network: bool = False  # requirements.network: whether the sandbox allows network access
    provider: str = ""  # requirements.provider of a delivery: its block of the profile's `delivery`
    external: bool = False  # requirements.external_services: whether results depend on the profile
    retention: str = ""  # cache.retention, e.g. 1w
    self_test: SelfTest | None = None
    source: SourceFile = field(default=NOWHERE, compare=False, repr=False)


_FOR_PEOPLE = frozenset({"README.md", "CHANGELOG.md", ".gitattributes"})


def is_fixture(value: Any) -> bool:
    """Whether a value of a self-test names a file of the module's directory: `{fixture: path}`, and
    `as_path` in a list of files to pack."""
    return isinstance(value, Mapping) and isinstance(value.get("fixture"), str) \
        and isinstance(value.get("as_path", ""), str)


def is_code(below: str) -> bool:
    """Whether a file can change what the module does. Tests, pages for people and compiled Python
    cannot. `below` is the path relative to the module's directory."""
    return (
        below not in _FOR_PEOPLE
        and not below.startswith("tests/")
        and "__pycache__" not in below.split("/")
        and not below.endswith(".pyc")
    )
