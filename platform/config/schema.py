"""The schemas of `schemas/`, each made into a validator once, and their faults as problems with a place."""
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from platform.check.conform import ValueFault, faults, validator
from platform.model.digest import sha256_hex
from platform.model.problem import Problem, SourceFile

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

SCHEMAS = FilePath(__file__).resolve().parents[2] / "schemas"  # ours, whatever repository is read


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """The JSON Schema `schemas/<kind>.schema.json`."""
    document: dict[str, Any] = json.loads((SCHEMAS / f"{kind}.schema.json").read_bytes())
    return document


@cache
def _validator(kind: str) -> "Validator":
    return validator(schema(kind))


def schema_faults(kind: str, value: Any, whole: str = "the file") -> list[ValueFault]:
    """In what `value`, which messages call `whole`, does not conform to the schema of its kind."""
    return faults(_validator(kind), value, whole)


class RowRules:
    """The rows of one table against the schema of its rows. Such a schema has rules for single columns only, so each
    distinct value of a column is judged once, and a row that has a fault as a whole: most values stand in many rows."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._columns = {name: validator(rule) for name, rule in schema(kind)["properties"].items()}
        self._required = frozenset(schema(kind)["required"])
        self._right: set[tuple[str, Any]] = set()

    def faults(self, values: Mapping[str, Any]) -> list[ValueFault]:
        """In what a row of typed values, by column, does not conform."""
        if self._required <= values.keys() and all(self._holds(cell) for cell in values.items()):
            return []
        return schema_faults(self._kind, values, "the row")

    def _holds(self, cell: tuple[str, Any]) -> bool:
        if cell in self._right:
            return True
        right = self._columns[cell[0]].is_valid(cell[1])
        if right:
            self._right.add(cell)
        return right


def problems_of(found: list[ValueFault], source: SourceFile, subject: tuple[str, ...] = (), *,
                warning: bool = False) -> Iterator[Problem]:
    """Faults of a file's value as problems at their places."""
    for fault in found:
        place = source.place(*fault.path, *(("~key",) if fault.key else ()))
        yield Problem(place, fault.code, fault.what, fault.cure, subject, warning)


@cache
def schemas_digest() -> str:
    """Digest of all our schemas together: what was found valid under other ones is looked at again."""
    return sha256_hex(b"".join(path.read_bytes() for path in sorted(SCHEMAS.glob("*.schema.json"))))
