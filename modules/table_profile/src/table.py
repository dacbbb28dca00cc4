"""A CSV file as columns of counted text, read as a stream. Says exactly where a file is not a
table; never guesses past a bad row.

Encoding: UTF-8 with or without its mark, or UTF-16 with it. Delimiter: what Excel's `sep=` line
says, or comma, semicolon, tab or bar, chosen by the header and the first rows. Quoting as in RFC
4180. A row's line is where it begins.

A file is a table when it has a header and every row is as wide. A title above the header is told as
such: the lines below it agree in a width that it does not have. Memory is linear in the distinct
values of each column (about 200 bytes and the text of each), not in rows.
"""
import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LONGEST_FIELD = (
    1 << 20
)  # characters; csv's own limit of 128 KiB is for the whole process, so it is set here
_SAMPLE_ROWS = 20
_MARKUP = re.compile(r"\s*<(?:!doctype\b|\?xml\b|!--|html\b|head\b|body\b|svg\b)", re.IGNORECASE)
_JSON = re.compile(r'\s*(?:\{\s*"(?:[^"\\]|\\.)*"\s*:|\[\s*[\[{]|[\[{]\s*$)')
_SEP_LINE = re.compile(r'"?sep=([,;\t|])"?\r?\n?', re.IGNORECASE)


class TableError(Exception):
    """The file is not a table; the message names the line where it can, and what to do."""


@dataclass(frozen=True)
class Table:
    encoding: str
    delimiter: str
    sep_line: bool  # whether the file begins with Excel's `sep=` line
    rows: int
    header: tuple[str, ...]
    columns: tuple[
        Counter[str], ...
    ]  # of each column, how often each text is there, without surrounding blanks


@dataclass(frozen=True)
class _File:
    path: Path
    encoding: str
    begins: int = 0  # lines before the header that are none of the table: the `sep=` line

    def lines(self) -> Iterator[str]:
        """The lines with their ends."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            try:
                for number, line in enumerate(file, 1):
                    if "\0" in line:
                        raise TableError(
                            f"line {number} has a NUL character; save the file as UTF-8 text"
                        )
                    if number > self.begins:
                        yield line
            except UnicodeDecodeError as error:
                raise TableError(f"{self._undecodable()}; save the file as UTF-8") from error

    def _undecodable(self) -> str:
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    line.decode(self.encoding)
                except UnicodeDecodeError:
                    return f"line {number} is not {self.encoding.removesuffix('-sig')}"
        return f"the file is not {self.encoding}"

    def rows(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """The rows with the line each begins on; blank lines are left out."""
        csv.field_size_limit(LONGEST_FIELD)
        reader = csv.reader(self.lines(), delimiter=delimiter, strict=True)
        begins = self.begins + 1
        try:
            for fields in reader:
                if fields:
                    yield begins, fields
                begins = self.begins + reader.line_num + 1
        except csv.Error as error:
            raise TableError(f"line {begins}: {error}") from error

    def widths(self, delimiter: str) -> list[int]:
        """How many fields the first rows have; empty when they cannot be read so."""
        try:
            return [len(fields) for _, fields in islice(self.rows(delimiter), _SAMPLE_ROWS)]
        except TableError:
            return []


def read_table(path: Path) -> Table:
    """The table in a file. TableError when it is none."""
    file, said = _opened(path)
    delimiter = said or _delimiter(file)
    rows = file.rows(delimiter)
    _, header = next(rows, (0, []))
    if not header:
        raise TableError("the file has no header")
    hint = _title_hint(file) if not said else ""
    if hint and (len(header) == 1 or set(file.widths(delimiter)) != {len(header)}):
        raise TableError(hint)
    names = _checked_header(header)
    columns = [Counter[str]() for _ in names]
    count = 0
    for line, fields in rows:
        if len(fields) != len(names):
            what = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
            raise TableError(f"line {line} has {what}, the header has {len(names)}")
        count += 1
        for column, text in zip(columns, fields, strict=True):
            column[text.strip()] += 1
    if not count:
        raise TableError("the file has a header and no rows")
    return Table(
        file.encoding.removesuffix("-sig"),
        DELIMITERS[delimiter],
        bool(said),
        count,
        names,
        tuple(columns),
    )


def _opened(path: Path) -> tuple[_File, str]:
    """The file with its encoding, and the delimiter that its `sep=` line says."""
    with path.open("rb") as opened:
        mark = opened.read(3)
    encoding = "utf-8"
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif mark.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    file = _File(path, encoding)
    begins = next((line for line in file.lines() if line.strip()), "")
    for form, name in ((_MARKUP, "HTML or XML"), (_JSON, "JSON")):
        if form.match(begins):
            raise TableError(f"the file is {name}; save the table as CSV")
    first = _SEP_LINE.fullmatch(next(file.lines(), ""))
    return (_File(path, encoding, 1), first[1]) if first else (file, "")


def _delimiter(file: _File) -> str:
    """One that divides the header; of several, one under which the first rows are as wide as it;
    then the widest.

    A row that is wrong under the only delimiter of the header does not make it another: it is told
    as wrong.
    """
    def score(delimiter: str) -> tuple[bool, bool, int]:
        try:
            width = len(next(file.rows(delimiter))[1])
        except (TableError, StopIteration):
            return False, False, 0
        return width > 1, set(file.widths(delimiter)) == {width}, width

    return max(DELIMITERS, key=score)  # the first of equals: comma


def _title_hint(file: _File) -> str:
    """What to do when line 1 is a title: the lines below it agree, under some delimiter, in a width
    of two or more that it does not have. Nothing otherwise."""
    for delimiter, name in DELIMITERS.items():
        first, *below = file.widths(delimiter) or [0]
        if below and below[0] > 1 and set(below) == {below[0]} and first < below[0]:
            return (
                f"line {file.begins + 1} is not a header: it has {first} "
                f"field{'' if first == 1 else 's'}, and the "
                f"lines below it have {below[0]} (divided by {name}); remove titles above the "
                f"header"
            )
    return ""


def _checked_header(header: list[str]) -> tuple[str, ...]:
    """The names. The first may be missing, as row names have none in what R and pandas write."""
    names = tuple(name.strip() for name in header)
    if len(names) > 1 and not names[0]:
        names = ("column 1", *names[1:])
    for index, name in enumerate(names):
        if not name:
            raise TableError(
                f"column {index + 1} of the header has no name; name it, or remove a title above "
                f"the "
                "header"
            )
        if name in names[:index]:
            raise TableError(f"the header has the column {name!r} twice")
    return names
