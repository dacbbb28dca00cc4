"""The first difference between a derived file and its correct content. Pure.

The difference is a row and a column of a table, or a line of another text.
"""
import csv
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from platform.model.problem import Problem, SourcePosition

CURE = "run `doit run maintenance` and commit it"


class _DriftRow(NamedTuple):
    line: int
    fields: list[str]


def drift(file: str, ours: bytes | None, right: bytes) -> Problem | None:
    """What is wrong with the bytes `ours` of `file` (None: the file is missing), or None."""
    if ours == right:
        return None
    if ours is None:
        return _problem(SourcePosition(file), "is missing")
    have, want = ours.decode(errors="replace"), right.decode()
    found = (
        _in_rows(file, _rows(have), _rows(want), have.count("\n") + 1)
        if file.endswith(".csv")
        else None
    )
    return found or _in_lines(file, have.split("\n"), want.split("\n"))


def _in_rows(
    file: str, ours: Sequence[_DriftRow], right: Sequence[_DriftRow], last: int
) -> Problem | None:
    """The first row or field that differs; None if only quotes or line ends differ.

    `last` is the line on which another row would begin.
    """
    for index, (have, want) in enumerate(zip_longest(ours, right)):
        if have and want and have.fields == want.fields:
            continue
        if have is None or have.fields in [row.fields for row in right[index + 1:]]:
            return _problem(SourcePosition(file, have.line if have else last),
                            f"row {_name(want)} is missing before this line")
        if want is None or want.fields in [row.fields for row in ours[index + 1:]]:
            return _problem(SourcePosition(file, have.line), f"row {_name(have)} should not exist")
        return _in_fields(file, right[0].fields, have, want)
    return None


def _in_fields(file: str, columns: Sequence[str], have: _DriftRow, want: _DriftRow) -> Problem:
    pairs = list(zip_longest(have.fields, want.fields))
    at = next(index for index, (ours, right) in enumerate(pairs) if ours != right)
    ours, right = ("nothing" if text is None else repr(text[:200]) for text in pairs[at])
    column = columns[at] if at < len(columns) else f"number {at + 1}"
    start = sum(len(_written(field)) + 1 for field in have.fields[:at]) + 1
    return _problem(SourcePosition(file, have.line, start),
                    f"row {_name(want)}, column {column}: is {ours}, should be {right}")


def _in_lines(file: str, ours: list[str], right: list[str]) -> Problem:
    """The first line that differs, at the first character that differs."""
    if [*ours, ""] == right:
        end = SourcePosition(file, len(ours), len(ours[-1]) + 1)
        return _problem(end, "the last line has no line end")
    line, (have, want) = next(
        (number, pair)
        for number, pair in enumerate(zip_longest(ours, right), 1)
        if pair[0] != pair[1]
    )
    found, right_ = ("nothing more" if text is None else repr(text[:200]) for text in (have, want))
    column = next(
        (
            at
            for at, pair in enumerate(zip_longest(have or "", want or ""), 1)
            if pair[0] != pair[1]
        ),
        1,
    )
    return _problem(SourcePosition(file, line, column), f"is {found}, should be {right_}")


def _rows(text: str) -> list[_DriftRow]:
    """The rows of a CSV text with their first lines; of invalid CSV, the rows before the error."""
    rows, reader, begins = [], csv.reader(text.splitlines(keepends=True)), 1
    try:
        for fields in reader:
            rows.append(_DriftRow(begins, fields))
            begins = reader.line_num + 1
    except csv.Error:
        return rows
    return rows


def _written(field: str) -> str:
    """A field in the notation of the derived files."""
    return (
        '"' + field.replace('"', '""') + '"' if any(mark in field for mark in ',"\r\n') else field
    )


def _name(row: _DriftRow | None) -> str:
    return " ".join(row.fields[:2])[:100] if row and row.fields else "without fields"


def _problem(place: SourcePosition, what: str) -> Problem:
    return Problem(place, "maintenance-drift", what, CURE)
