"""Reads untrusted JSON, and only values that canonical JSON can write.

Python reads more than it writes: 1e999 as infinity, NaN, lone surrogates, thousands of levels,
duplicate names. Such a value must be refused when it is read. Otherwise it would fail only when it
becomes part of a digest, a record or a journal line, after credits are paid.
"""

import json
import math
from typing import Any

MOST_LEVELS = 64  # of nested lists and objects: the limit of a journal line
MOST_DIGITS = 4_000  # of an integer that is read; Python's own limit is 4,300
_INTEGERS = range(-(2**63), 2**64)  # the integers that a journal line can contain
_SHOWN = 40  # characters of a name or number in a message


class NotJson(ValueError):
    """The text is not JSON, or has a value that canonical JSON cannot write. `line` and `column`
    count from 1; both are 0 if the place is unknown."""

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.line, self.column = line, column


def read_json(data: bytes | str) -> Any:
    """The value of a JSON text in UTF-8. Raises NotJson if it is not JSON, or is a value that
    `digest.canonical_json` cannot write."""
    value = read_any_depth(data)
    require_writable(value)
    return value


def read_any_depth(data: bytes | str) -> Any:
    """As `read`, without the limit on depth. The caller uses a part of the value, and passes that
    part to `require_writable`."""
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


def require_writable(value: Any, levels: int = MOST_LEVELS) -> None:
    """Raises NotJson if lists and objects are nested more than `levels` deep, or if a string or
    number cannot be written. It works level by level, without recursion."""
    level = [value]
    for _ in range(levels + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, str):
                _text(each)
            elif isinstance(each, int) and each not in _INTEGERS:
                raise NotJson("has a number that is too large; write one below 2^63, or a string")
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
        raise NotJson(f"has a lone surrogate (\\u{ord(text[error.start]):04x})") from error


def _constant(name: str) -> Any:
    raise NotJson(f"has the number {name}, which is not a JSON value")


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
            raise NotJson(f"has an object with the duplicate name {name[:_SHOWN]!a}")
        found[name] = value
    return found
