"""The one writer of CSV that people open: a cell that a spreadsheet would take for a formula is text. Pure.

A text that begins with = + - @, TAB, CR or LF, or with one of the full-width forms of the four signs, also after
spaces, gets an apostrophe before it; a plain number (-9000) does not. A text that begins with apostrophes before such a
character gets one more, so that `plain` gives back every text that `cell` was given.

The ledger's notes have had an apostrophe before = + - @ from the start, before numbers too, and before nothing else but
TAB and CR now: `note` keeps that, for a table must be what it was when it was made. The journal has what was written.
"""
import csv
import re
from collections.abc import Callable, Iterable
from typing import Any

_FORMULA = re.compile(r"[ \u00a0\u3000]*'*[ \u00a0\u3000]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NOTE = ("=", "+", "-", "@", "\t", "\r")


class _Encoded:
    """What a csv.writer writes to: `writerow` then returns the line's bytes."""

    write = staticmethod(str.encode)


row: Callable[[Iterable[Any]], bytes] = csv.writer(_Encoded, lineterminator="\n").writerow
_quoted: Callable[[Iterable[Any]], bytes] = csv.writer(_Encoded, lineterminator="\r\n").writerow  # CR is quoted too


def as_csv(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV: UTF-8, minimal quotes, LF; truth values as true and false, every text as `cell` has it."""
    return b"".join(_quoted([_written(value) for value in each])[:-2] + b"\n" for each in rows)


def cell(text: str) -> str:
    """A text as a cell that no spreadsheet calculates."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def plain(written: str) -> str:
    """The text that a cell was made of."""
    return written[1:] if written.startswith("'") and _FORMULA.match(written) else written


def note(text: str) -> str:
    """A note as the ledger's tables have it."""
    return f"'{text}" if text.startswith(_NOTE) else text


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return cell(value) if isinstance(value, str) else value
