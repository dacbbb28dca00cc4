"""The schemas in `schemas/`: a cached validator of each, and errors as problems with a place."""
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platform.check import conform, values
from platform.check.conform import ValueFault, faults, validator
from platform.model import formats, patterns
from platform.model.digest import sha256_hex
from platform.model.problem import Problem, SourceFile
from platform.toolfiles import SCHEMAS

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """The JSON Schema `schemas/<kind>.schema.json`."""
    document: dict[str, Any] = json.loads((SCHEMAS / f"{kind}.schema.json").read_bytes())
    return document


@cache
def _validator(kind: str) -> "Validator":
    return validator(schema(kind))


def schema_faults(kind: str, value: Any, whole: str = "the file") -> list[ValueFault]:
    """The errors of `value` against the schema of its kind. Messages call the value `whole`."""
    return faults(_validator(kind), value, whole)


class RowRules:
    """Validates the rows of one table against the schema of its rows.

    Such a schema has rules for single columns only, and most values are in many rows. So each
    distinct value of a column is validated once, and only a row with an error as a whole."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._columns = {name: validator(rule) for name, rule in schema(kind)["properties"].items()}
        self._required = frozenset(schema(kind)["required"])
        self._right: set[tuple[str, Any]] = set()

    def faults(self, values: Mapping[str, Any]) -> list[ValueFault]:
        """The errors of a row, given as typed values by column."""
        if self._required <= values.keys() and all(self._is_valid(cell) for cell in values.items()):
            return []
        return schema_faults(self._kind, values, "the row")

    def _is_valid(self, cell: tuple[str, Any]) -> bool:
        if cell in self._right:
            return True
        right = self._columns[cell[0]].is_valid(cell[1])
        if right:
            self._right.add(cell)
        return right


def problems_of(found: list[ValueFault], source: SourceFile, subject: tuple[str, ...] = (), *,
                warning: bool = False) -> Iterator[Problem]:
    """The errors of a file's value as problems at their places."""
    for fault in found:
        place = source.place(*fault.path, *(("~key",) if fault.key else ()))
        yield Problem(place, fault.code, fault.what, fault.fix, subject, warning)


@cache
def schemas_digest() -> str:
    """Digest of all schemas and of the code that validates. With others, every file is validated
    again."""
    files = [*sorted(SCHEMAS.glob("*.schema.json")), *map(Path, _CODE)]
    return sha256_hex(b"".join(path.read_bytes() for path in files))


_CODE = (conform.__file__, values.__file__, formats.__file__, patterns.__file__)
