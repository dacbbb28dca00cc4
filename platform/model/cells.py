"""Writes all CSV that people open. No cell can be a formula in a spreadsheet. Pure.

`cell` puts an apostrophe before a text that begins with = + - @, TAB, CR or LF, or with a
full-width form of the four signs, also after spaces. A plain number (-9000) gets none. A text that
begins with apostrophes before such a character gets one more, so `plain` restores the text.

The ledger's notes follow an older rule, which `note` keeps so that existing tables do not change:
an apostrophe before = + - @, TAB and CR, also before numbers. The journal contains the plain text.
"""
import csv
import re
from collections.abc import Callable, Iterable
from typing import Any

_FORMULA = re.compile(r"[ \u00a0\u3000]*'*[ \u00a0\u3000]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NOTE = ("=", "+", "-", "@", "\t", "\r")


class _Encoded:
    """A target for csv.writer that makes `writerow` return the line's bytes."""

    write = staticmethod(str.encode)


row: Callable[[Iterable[Any]], bytes] = csv.writer(_Encoded, lineterminator="\n").writerow
# CR is quoted too
_quoted: Callable[[Iterable[Any]], bytes] = csv.writer(_Encoded, lineterminator="\r\n").writerow


def as_csv(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV: UTF-8, minimal quotes, LF; booleans as true and false, strings as `cell`."""
    return b"".join(_quoted([_written(value) for value in each])[:-2] + b"\n" for each in rows)


def cell(text: str) -> str:
    """A text as a cell that no spreadsheet evaluates."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def plain(written: str) -> str:
    """The text of a cell that `cell` wrote."""
    return written[1:] if written.startswith("'") and _FORMULA.match(written) else written


def note(text: str) -> str:
    """A note as the ledger's tables contain it."""
    return f"'{text}" if text.startswith(_NOTE) else text


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return cell(value) if isinstance(value, str) else value
