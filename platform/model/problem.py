"""A problem is a value: what is wrong, where, and what to do. Checks collect problems."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Path = tuple[str | int, ...]  # ("steps", 2, "inputs", "topic"): the path to a value in a file
LONGEST = 1000  # characters of `what`, because a file may contain very long names


class SourcePosition(NamedTuple):
    """A point in a file; line and column count from 1, as editors do."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The file of a value, and the place of every node in it. `file` is relative to the
    repository."""

    file: str
    marks: Mapping[Path, tuple[int, int]] = field(default_factory=dict, repr=False)

    def place(self, *path: str | int) -> SourcePosition:
        """The place of the value at `path`, or of the nearest value around it that the file has.

        For the place of a key, end the path with the key and "~key": ("steps", 0, "kind", "~key").
        """
        while path and path not in self.marks:
            path = path[:-2] if path[-1] == "~key" and path[:-1] not in self.marks else path[:-1]
        line, column = self.marks.get(path, (1, 1))
        return SourcePosition(self.file, line, column)


NOWHERE = SourceFile("")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error or warning.

    `subject` says what an error stops: ("order", tenant, id), ("tenant", id), ("module", id), or ()
    for everything. An error of a promotion, topup_method, payment or folder stops no order.
    `code` is a stable kebab-case name that docs/errors.md explains."""

    place: SourcePosition
    code: str
    what: str
    fix: str
    subject: tuple[str, ...] = ()
    warning: bool = False

    def __str__(self) -> str:
        level = "warning" if self.warning else "error"
        what = self.what if len(self.what) <= LONGEST else self.what[:LONGEST - 3] + "..."
        return f"{self.place}: {level}[{self.code}]: {what}; {self.fix}"
