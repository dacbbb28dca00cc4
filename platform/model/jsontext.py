"""JSON that somebody else wrote, read as values that our own canonical JSON can write, or not at all.

Python reads more than it writes: 1e999 as infinity, NaN, half characters, thousands of levels, one name twice. Such a
value is found where it enters, not where a digest, a record or a journal's line is made of it, with credits paid.
"""

import json
import math
from typing import Any

MOST_LEVELS = 64  # of lists and objects in one another: what a journal's line takes
MOST_DIGITS = 4_000  # of a whole number that is read; Python itself stops at 4,300
_WHOLE = range(-(2**63), 2**64)  # numbers that are written: what a journal's line takes
_SHOWN = 40


class NotJson(ValueError):
    """The text is not JSON that we write again; `line` and `column` say where, when they are known."""

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.line, self.column = line, column


def read(data: bytes | str) -> Any:
    """The value of a JSON text. NotJson when there is none, or none that `digest.canonical_json` writes."""
    value = read_any_depth(data)
    hold(value)
    return value


def read_any_depth(data: bytes | str) -> Any:
    """As `read`, of whatever depth Python reads: for who takes a part of it, which he gives to `hold`."""
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        return json.loads(
            text,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_integer,
            object_pairs_hook=_object,
        )
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        raise NotJson("is not JSON", error.lineno, error.colno) from error
    except UnicodeDecodeError as error:
        raise NotJson(f"is not UTF-8 text (byte {error.start})") from error
    except RecursionError as error:
        raise NotJson("is nested too deeply") from error


def hold(value: Any, levels: int = MOST_LEVELS) -> None:
    """NotJson when lists and objects are in one another more than `levels` deep, or a text or number is none that can
    be written. Level by level, so that it needs no stack itself."""
    level = [value]
    for _ in range(levels + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, str):
                _text(each)
            elif isinstance(each, int) and each not in _WHOLE:
                raise NotJson("has a number that is too large; write one below 2^63, or text")
            elif isinstance(each, dict):
                for name in each:
                    _text(name)
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        if not inner:
            return
        level = inner
    raise NotJson(f"is nested more than {levels} levels deep")


def _text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotJson(f"has half of a character (\\u{ord(text[error.start]):04x})") from error


def _constant(name: str) -> Any:
    raise NotJson(f"has the number {name}, which is no JSON value")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson(f"has the number {text[:_SHOWN]}, which is too large")
    return number


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise NotJson(f"has a number of {len(text)} digits, which is too large")
    return int(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NotJson(f"has {name[:_SHOWN]!a} twice in one object")
        found[name] = value
    return found
