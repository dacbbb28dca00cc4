"""A CSV file as columns of text. Says exactly where a file is not one; never guesses past a bad row.

Encoding: UTF-8 with or without its mark, or UTF-16 with it. Delimiter: comma, semicolon, tab or bar, chosen by the
header. Quoting as in RFC 4180. A row's line is where it begins.
"""
import codecs
import csv
import io
from dataclasses import dataclass

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LONGEST_FIELD = 1 << 20  # characters; csv's own limit of 128 KiB is for the whole process, so it is set here
_SAMPLE_ROWS = 20


class TableError(Exception):
    """The file is not a table; the message names the line where it can."""


@dataclass(frozen=True)
class Table:
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]  # the values of each, row by row, without surrounding blanks

    @property
    def rows(self) -> int:
        return len(self.columns[0])


def read_table(data: bytes) -> Table:
    """The table in a file's bytes. TableError when it is none."""
    text, encoding = _decoded(data)
    if "\0" in text:
        raise TableError(f"line {text.count(chr(10), 0, text.index(chr(0))) + 1} has a NUL character")
    delimiter = _delimiter(text)
    numbered = _parsed(text, delimiter)
    if not numbered:
        raise TableError("the file has no header")
    (_, header), *rows = numbered
    names = _checked_header(header)
    for line, fields in rows:
        if len(fields) != len(names):
            raise TableError(f"line {line} has {len(fields)} fields, the header has {len(names)}")
    if not rows:
        raise TableError("the file has a header and no rows")
    return Table(encoding, DELIMITERS[delimiter], names,
                 tuple(tuple(fields[index].strip() for _, fields in rows) for index in range(len(names))))


def _decoded(data: bytes) -> tuple[str, str]:
    encoding = "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif data.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TableError(f"line {line} is not {encoding} (byte {error.start}); save the file as UTF-8") from error


def _parsed(text: str, delimiter: str, most: int | None = None) -> list[tuple[int, list[str]]]:
    """The rows with the line each begins on; blank lines are left out."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, begins = [], 1
    try:
        for fields in reader:
            if fields:
                rows.append((begins, fields))
            begins = reader.line_num + 1
            if most is not None and len(rows) == most:
                break
    except csv.Error as error:
        raise TableError(f"line {begins}: {error}") from error
    return rows


def _delimiter(text: str) -> str:
    """One that divides the header; of several, one under which the first rows are as wide as it; then the widest.

    A row that is wrong under the only delimiter of the header does not make it another: it is told as wrong.
    """
    def score(delimiter: str) -> tuple[bool, bool, int]:
        try:
            width = len(_parsed(text, delimiter, 1)[0][1])
        except (TableError, IndexError):
            return False, False, 0
        try:
            even = {len(fields) for _, fields in _parsed(text, delimiter, _SAMPLE_ROWS)} == {width}
        except TableError:
            even = False
        return width > 1, even, width

    return max(DELIMITERS, key=score)  # the first of equals: comma


def _checked_header(header: list[str]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in header)
    for index, name in enumerate(names):
        if not name:
            raise TableError(f"column {index + 1} of the header has no name")
        if name in names[:index]:
            raise TableError(f"the header has the column {name!r} twice")
    return names
