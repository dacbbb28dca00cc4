"""What one part of an earlier file becomes. A value, which becomes a line or JSON."""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from platform.model.problem import SourcePosition
from platform.scaffold.yaml_edit import Change


@dataclass(frozen=True, slots=True)
class Becomes:
    """What a field becomes, in words, and the changes of the contract's text. `by_hand`: a person
    must decide, and `migrate` leaves the field as it is."""

    words: str
    changes: Sequence[Change] = ()
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One line of the report. `field` is its name in the earlier file."""

    place: SourcePosition
    field: str
    becomes: Becomes

    def __str__(self) -> str:
        who = "by hand: " if self.becomes.by_hand else ""
        return f"{self.place}: {self.field}: {who}{self.becomes.words}"

    def as_json(self) -> dict[str, Any]:
        file, line, column = self.place
        return {"file": file, "line": line, "column": column, "field": self.field,
                "becomes": self.becomes.words, "by_hand": self.becomes.by_hand}


FieldRule: TypeAlias = Callable[[Any, tuple[str | int, ...]], Becomes]
