"""The value of a plain YAML scalar: the rules of YAML 1.2's core schema, without ambiguous numbers.

`true` and `false` are booleans; `yes`, `no`, `on`, `off`, dates and `1:30` are strings, as in YAML
1.2 and unlike 1.1. Numbers that 1.1 and 1.2 read differently (`012`, `0o14`, `0x1F`) are refused,
and so are values that JSON does not have.
"""
import math
import re
from typing import Any, NamedTuple

_FIRST = frozenset("-+.0123456789~nNtTfF")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"[-+]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LONGEST = 40  # characters of a number that a message shows in full
MAX_INTEGER = 2**63 - 1


class ScalarFault(NamedTuple):
    """A scalar that is refused. Reading continues with `value` instead."""

    code: str
    what: str
    fix: str
    value: Any


def resolve(text: str) -> Any:
    """The value of a plain scalar: None, bool, int, float or str; a ScalarFault if its meaning is
    ambiguous."""
    if text and text[0] not in _FIRST:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _OTHER_BASE.fullmatch(text):
        return ScalarFault("number-ambiguous",
                     f"{_short(text)} has different values in different YAML readers",
                     "write it in decimal, or in quotes if it is text", 0)
    if _NOT_FINITE.fullmatch(text):
        return ScalarFault("number-not-finite", f"{text} is not a finite number",
                     "write a finite number", 0.0)
    if _FLOAT.fullmatch(text):
        return _float(text)
    return text


def _integer(text: str) -> int | ScalarFault:
    digits = text.lstrip("+-")
    if len(digits) > 19:  # before int(), because Python refuses to convert 5,000 digits
        return _too_large(text, 0)
    if len(digits) > 1 and digits[0] == "0":
        return ScalarFault("number-ambiguous",
                     f"{text} is octal for some YAML readers and decimal for others",
                     f"write {int(text)}, or '{text}' in quotes if it is text", int(text))
    number = int(text)
    return number if -MAX_INTEGER <= number <= MAX_INTEGER else _too_large(text, 0)


def _float(text: str) -> float | ScalarFault:
    number = float(text)
    return number if math.isfinite(number) else _too_large(text, 0.0)


def _too_large(text: str, value: int | float) -> ScalarFault:
    return ScalarFault("number-too-large", f"the number {_short(text)} is too large",
                 "write a number below 2^63, or put it in quotes if it is text", value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:12]}... ({len(text)} characters)"
