"""CSV with places: every row a map of typed values, and where each of its fields begins.

Rules: comma, double quotes (doubled inside), UTF-8, LF or CRLF; a header with the schema's columns in any order; the
types of its schema, exactly: `5` is a whole number and ` 5`, `5.0` and `+5` are not, `true` and `false` are booleans.
An empty field is no value. Empty lines are skipped. Never raises: what is wrong is in `problems`.
"""
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from platform.check.conform import ValueFault
from platform.check.words import meant, shown, stands_for
from platform.config.text import decode
from platform.model.problem import Problem, SourceFile, SourcePosition
from platform.model.words import counted

MAX_BYTES = 2 * 1024 * 1024  # some 60,000 rows, read and judged in about a second and a half
MAX_PROBLEMS = 100

_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_PLAIN = re.compile(r'[^,"\r\n]*')
_LINE_END = re.compile(r"\r?\n|\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,99})")  # what is too large is for the schema


class Cell(NamedTuple):
    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `faults` say which fields are not of their type, and stand for no value here."""

    values: Mapping[str, Any]
    source: SourceFile
    faults: tuple[ValueFault, ...] = ()


class _Broken(Exception):
    """The rest of the file has no form; `args[0]` is the problem."""


def read_csv(data: bytes, file: str, schema: Mapping[str, Any]) -> tuple[list[Row], list[Problem]]:
    """The rows of a table of `schema` (of one row). Problems of the whole file or of a row's form stop that row only
    where the file can be read on after it."""
    text = decode(data, file, MAX_BYTES)
    if isinstance(text, Problem):
        return [], [text]
    text = text.replace("\r\n", "\n")  # one form of a text in quotes, however git checks the file out
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
                what = f"the row has {counted(len(cells), 'field')} and the header {len(header)}"
                problems.append(Problem(SourcePosition(file, cells[0].line), "csv-fields", what,
                                        "write every field, and put text with commas in quotes"))
            else:
                rows.append(_row(header, cells, file, schema["properties"]))
            if len(problems) >= MAX_PROBLEMS:
                break
    except _Broken as broken:
        problems.append(broken.args[0])
    return rows, problems


def _records(text: str, file: str) -> Iterator[list[Cell]]:
    """The rows as cells. A quoted field may go over several lines."""
    position, line, begin = 0, 1, 0  # `begin` is where the line begins
    cells: list[Cell] = []
    while position < len(text) or cells:
        quoted = text.startswith('"', position)
        found = (_QUOTED if quoted else _PLAIN).match(text, position)
        column = position - begin + 1
        if found is None:
            raise _Broken(
                Problem(
                    SourcePosition(file, line, column),
                    "csv-quotes",
                    "a quote is never closed",
                    "close it",
                )
            )
        cells.append(Cell(found.group(1).replace('""', '"') if quoted else found.group(), line, column))
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
                                  "there is text beside a quoted text", "quote the whole field, quotes in it twice"))
        if len(cells) > 1 or cells[0].text or quoted:
            yield cells
        cells, position, line, begin = [], end.end(), line + 1, end.end()


def _header_problems(cells: Sequence[Cell], file: str, schema: Mapping[str, Any]) -> Iterator[Problem]:
    known, seen = schema["properties"], set()
    begin = "begin the file with " + ",".join(known)
    if not any(cell.text in known for cell in cells):
        what = _from_excel(cells, known)
        yield Problem(SourcePosition(file), "csv-header", what or "there is no header",
                      "save it as CSV divided by commas, without a line above the header" if what else begin)
        return
    names = [cell.text for cell in cells]
    missing = [name for name in known if name not in names and name in schema.get("required", ())]
    told = stands_for(names, known, missing)
    missing = [name for name in missing if name not in told.values()]
    for cell in cells:
        place = SourcePosition(file, cell.line, cell.column)
        if cell.text in seen:
            cure = f"write `{missing.pop(0)}`, which is missing" if missing else "remove one"
            yield Problem(place, "csv-header", f"the column {shown(cell.text)} is a duplicate", cure)
        elif cell.text not in known:
            yield Problem(place, "csv-header", f"there is no column {shown(cell.text)}",
                          meant(cell.text, known, needed=told.get(cell.text, "")))
        seen.add(cell.text)
    for name in missing:
        yield Problem(SourcePosition(file), "csv-header", f"the column `{name}` is missing", begin)


def _from_excel(cells: Sequence[Cell], known: Collection[str]) -> str:
    """What a first line is that Excel writes where the decimal sign is a comma; or nothing."""
    if cells[0].text.lower().startswith("sep="):
        return "the first line is Excel's `sep=` line"
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if any(text.strip('"') in known for cell in cells for text in cell.text.split(mark)):
            return f"the fields are divided by {name}, as Excel does in some countries"
    return ""


def _row(header: Sequence[str], cells: Sequence[Cell], file: str, columns: Mapping[str, Any]) -> Row:
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
    """The value of a field, or None when it is not of the wanted type."""
    if wanted == "integer":
        return int(text) if _INTEGER.fullmatch(text) else None
    if wanted == "boolean":
        return {"true": True, "false": False}.get(text)
    return text


def _wrong(name: str, text: str, wanted: str) -> ValueFault:
    words = {"integer": "a whole number in plain digits", "boolean": "true or false"}[wanted]
    return ValueFault((name,), "wrong-type", f"`{name}` must be {words}, not {shown(text)}", f"write {words}")
