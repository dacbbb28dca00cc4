"""Reads CSV with places: each row is a map of typed values, with the place of each field.

Rules: commas, double quotes (doubled inside a quoted text), UTF-8, LF or CRLF. The header has the
schema's columns in any order. Types are exact: `5` is an integer and ` 5`, `5.0` and `+5` are not;
`true` and `false` are booleans. An empty field has no value. Empty lines are skipped. Errors are
returned as problems, not raised.
"""
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from platform.check.conform import ValueFault
from platform.check.words import misspellings, shown, suggestion
from platform.config.text import decode
from platform.model.problem import Problem, SourceFile, SourcePosition
from platform.model.words import counted

MAX_BYTES = 2 * 1024 * 1024  # about 60,000 rows, read and checked in about 1.5 s
MAX_ROW_PROBLEMS = 100

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_PLAIN = re.compile(r'[^,"\r\n]*')
_LINE_END = re.compile(r"\r?\n|\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,99})")  # the schema refuses larger ones


class Cell(NamedTuple):
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row. Fields of the wrong type are in `faults` and not in `values`."""

    values: Mapping[str, Any]
    source: SourceFile
    faults: tuple[ValueFault, ...] = ()


class _Broken(Exception):
    """The rest of the file cannot be parsed; `args[0]` is the problem."""


def read_csv(data: bytes, file: str, schema: Mapping[str, Any]) -> tuple[list[Row], list[Problem]]:
    """The rows of a table, and the problems of the file. `schema` is the schema of one row. A row
    with a wrong number of fields is skipped; an unclosed quote ends the table."""
    text = decode(data, file, MAX_BYTES)
    if isinstance(text, Problem):
        return [], [text]
    text = text.replace("\r\n", "\n")  # quoted texts must not depend on how git checks out the file
    rows: list[Row] = []
    problems: list[Problem] = []
    header: list[str] | None = None
    try:
        for cells in _records(text, file):
            if header is None:
                header = [cell.text for cell in cells]
                problems += _header_problems(cells, file, schema)
                if problems:
                    break
            elif len(cells) != len(header):
                fields = counted(len(cells), "field")
                what = f"the row has {fields}, but the header has {len(header)}"
                problems.append(Problem(SourcePosition(file, cells[0].line), "csv-fields", what,
                                        "write every field, and put text with commas in quotes"))
            else:
                rows.append(_row(header, cells, file, schema["properties"]))
            if len(problems) >= MAX_ROW_PROBLEMS:
                break
    except _Broken as broken:
        problems.append(broken.args[0])
    return rows, problems


def _records(text: str, file: str) -> Iterator[list[Cell]]:
    """The rows as cells. A quoted field may have several lines."""
    position, line, begin = 0, 1, 0  # `begin` is the offset of the line
    cells: list[Cell] = []
    while position < len(text) or cells:
        quoted = text.startswith('"', position)
        found = (_QUOTED if quoted else _PLAIN).match(text, position)
        column = position - begin + 1
        if found is None:
            raise _Broken(Problem(SourcePosition(file, line, column), "csv-quotes",
                                  "a quote is never closed", "close it"))
        cells.append(
            Cell(found.group(1).replace('""', '"') if quoted else found.group(), line, column)
        )
        breaks = found.group().count("\n") if quoted else 0
        if breaks:
            line, begin = line + breaks, position + found.group().rfind("\n") + 1
        position = found.end()
        if text.startswith(",", position):
            position += 1
            continue
        end = _LINE_END.match(text, position)
        if end is None:
            raise _Broken(Problem(SourcePosition(file, line, position - begin + 1), "csv-quotes",
                                  "there is text next to a quoted text",
                                  "quote the whole field, and double the quotes in it"))
        if len(cells) > 1 or cells[0].text or quoted:
            yield cells
        cells, position, line, begin = [], end.end(), line + 1, end.end()


def _header_problems(
    cells: Sequence[Cell], file: str, schema: Mapping[str, Any]
) -> Iterator[Problem]:
    known, seen = schema["properties"], set()
    begin = "begin the file with " + ",".join(known)
    if not any(cell.text in known for cell in cells):
        what = _from_excel(cells, known)
        yield Problem(SourcePosition(file), "csv-header", what or "the header is missing",
                      "save it as CSV separated by commas, without a line above the header"
                      if what else begin)
        return
    names = [cell.text for cell in cells]
    missing = [name for name in known if name not in names and name in schema.get("required", ())]
    misspelt = misspellings(names, known, missing)
    missing = [name for name in missing if name not in misspelt.values()]
    for cell in cells:
        place = SourcePosition(file, cell.line, cell.column)
        if cell.text in seen:
            fix = f"write `{missing.pop(0)}`, which is missing" if missing else "remove one"
            yield Problem(
                place, "csv-header", f"the column {shown(cell.text)} is a duplicate", fix
            )
        elif cell.text not in known:
            yield Problem(place, "csv-header", f"there is no column {shown(cell.text)}",
                          suggestion(cell.text, known, missing=misspelt.get(cell.text, "")))
        seen.add(cell.text)
    for name in missing:
        yield Problem(SourcePosition(file), "csv-header", f"the column `{name}` is missing", begin)


def _from_excel(cells: Sequence[Cell], known: Collection[str]) -> str:
    """A description of a first line that Excel writes where the decimal sign is a comma; empty for
    any other line."""
    if cells[0].text.lower().startswith("sep="):
        return "the first line is Excel's `sep=` line"
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if any(text.strip('"') in known for cell in cells for text in cell.text.split(mark)):
            return f"the fields are separated by {name}, as Excel does in some countries"
    return ""


def _row(
    header: Sequence[str], cells: Sequence[Cell], file: str, columns: Mapping[str, Any]
) -> Row:
    values: dict[str, Any] = {}
    faults = []
    marks: dict[tuple[str | int, ...], tuple[int, int]] = {(): (cells[0].line, cells[0].column)}
    for name, cell in zip(header, cells, strict=True):
        marks[name,] = (cell.line, cell.column)
        if cell.text:
            value = _typed(cell.text, columns[name]["type"])
            if value is None:
                faults.append(_wrong(name, cell.text, columns[name]["type"]))
            else:
                values[name] = value
    return Row(values, SourceFile(file, marks), tuple(faults))


def _typed(text: str, wanted: str) -> Any:
    """The value of a field, or None if it does not have the type `wanted`."""
    if wanted == "integer":
        return int(text) if _INTEGER.fullmatch(text) else None
    if wanted == "boolean":
        return {"true": True, "false": False}.get(text)
    return text


def _wrong(name: str, text: str, wanted: str) -> ValueFault:
    words = {"integer": "an integer in plain digits", "boolean": "true or false"}[wanted]
    return ValueFault(
        (name,), "wrong-type", f"`{name}` must be {words}, not {shown(text)}", f"write {words}"
    )
