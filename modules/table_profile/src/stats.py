"""What a column is, and its statistics, of counted texts. Pure.

A column's type is the narrowest that every value has: boolean, integer, number, date, text; `empty`
when it has none. Missing are empty fields and the order's `missing_values`; the words of WORDS only
beside values that are no text: in a column of texts they are values. Values are distinct as what
they are (0 and -0, 1 and 1.0 are one), and are shown as they were first written.

Numbers are exact: integers and decimals, never binary fractions. Minimum, maximum and quantiles
(linear between order statistics, as R's type 7 and numpy's default) are exact; mean and sample
standard deviation are made of exact sums and rounded once, half to even, to 12 significant digits,
or to 6 decimals where that is more, of at most 34 digits.
"""
import heapq
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, localcontext
from operator import itemgetter

WORDS = frozenset({"na", "n/a", "nan", "null", "none"})
TOP = 10
BINS = 24
QUANTILES = (5, 25, 75, 95)  # per cent
LEAST_DIGITS, DECIMALS, MOST_DIGITS = 12, 6, 34
LONGEST_NUMBER = 400  # characters; what is longer is text

_EXACT = Context(
    prec=20_000
)  # of such numbers, sums and squares of every count that fits a machine
# `00123` is a code, of which a number would lose the zeros
_INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[+-]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})")

Number = int | Decimal


@dataclass(frozen=True)
class Bins:
    """How many values are in each of equal parts from `low` to `high`; the last part holds
    `high`."""

    low: Number
    high: Number
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """`bins` are of the values of a numeric column, or the ordinals of a date column."""

    name: str
    type: str
    count: int  # values that are there
    missing: int
    distinct: int
    top: tuple[tuple[str, int], ...]  # most frequent first, then by value
    bins: "Bins | None" = None
    summary: dict[str, Number | str] = field(
        default_factory=dict
    )  # min, max, mean, ... of numbers; min, max of dates


def profile_column(
    name: str, texts: Mapping[str, int], missing_values: frozenset[str] = frozenset()
) -> Column:
    """The profile of a column; `texts` are its fields with their counts, in the order of their
    first row."""
    given = {text: count for text, count in texts.items() if text and text not in missing_values}
    beside_words = [text for text in given if text.lower() not in WORDS]
    kind, read = _type(beside_words)
    present = given if kind == "text" else {text: given[text] for text in beside_words}
    values = _merged((read(text), text, count) for text, count in present.items())
    top = heapq.nsmallest(TOP, ((-count, text) for _, text, count in values))
    numbers = [(value, count) for value, _, count in values if not isinstance(value, str)]
    total = sum(present.values())
    return Column(
        name,
        kind,
        total,
        sum(texts.values()) - total,
        len(values),
        tuple((text, -count) for count, text in top),
        histogram(numbers) if numbers else None,
        _summary(kind, numbers),
    )


def _merged(read: Iterable[tuple[Number | str, str, int]]) -> list[tuple[Number | str, str, int]]:
    """Each value once, in order, with the text it was first written as and its count."""
    merged: list[tuple[Number | str, str, int]] = []
    for value, text, count in sorted(
        read, key=itemgetter(0)
    ):  # stable: what was written first stays first
        if merged and merged[-1][0] == value:
            value, text, before = merged.pop()
            count += before
        merged.append((value, text, count))
    return merged


def _type(values: Sequence[str]) -> tuple[str, Callable[[str], Number | str]]:
    if not values:
        return "empty", str
    if all(value.lower() in ("true", "false") for value in values):
        return "boolean", str.lower
    if all(_INTEGER.fullmatch(value) and _fits(value) for value in values):
        return "integer", int
    if all(_NUMBER.fullmatch(value) and _fits(value) for value in values):
        return "number", lambda value: Decimal(value) + 0 if Decimal(value) == 0 else Decimal(value)
    if all(_ordinal(value) for value in values):
        return "date", _ordinal
    return "text", str


def _fits(value: str) -> bool:
    """Below 1.8e308, as every reader of JSON has numbers."""
    return len(value) <= LONGEST_NUMBER and math.isfinite(float(value))


def _ordinal(value: str) -> int:
    """The number of a day that exists, 0 for everything else."""
    found = _DAY.fullmatch(value)
    if found is None:
        return 0
    try:
        return date(int(found[1]), int(found[3]), int(found[4])).toordinal()
    except ValueError:
        return 0


def _summary(kind: str, numbers: Sequence[tuple[Number, int]]) -> dict[str, Number | str]:
    if not numbers:
        return {}
    least, most = numbers[0][0], numbers[-1][0]
    if kind == "date":
        return {
            name: date.fromordinal(int(end)).isoformat()
            for name, end in (("min", least), ("max", most))
        }
    with localcontext(_EXACT):
        values = [(Decimal(value), count) for value, count in numbers]
        count = sum(count for _, count in values)
        total = sum((value * count for value, count in values), Decimal(0))
        found: dict[str, Number | str] = {"min": least, "max": most, "mean": rounded(total, count),
                                          "median": quantile(values, count, 50)}
        if count > 1:
            squares = sum((value * value * count for value, count in values), Decimal(0))
            stdev = _root(squares * count - total * total, count * (count - 1))
            if math.isfinite(
                float(stdev)
            ):  # of numbers near 1.8e308 it can be no number that JSON's readers have
                found["stdev"] = stdev
        return found | {
            f"q{per_cent:02d}": quantile(values, count, per_cent) for per_cent in QUANTILES
        }


def quantile(values: Sequence[tuple[Decimal, int]], count: int, per_cent: int) -> Decimal:
    """The value below which `per_cent` of the counted, ordered values lie, linear between
    neighbours; exact."""
    position, part = divmod(per_cent * (count - 1), 100)
    below = _at(values, position)
    return (
        below if not part else below + (_at(values, position + 1) - below) * part / 100
    ).normalize(_EXACT)


def _at(values: Sequence[tuple[Decimal, int]], position: int) -> Decimal:
    for value, count in values:
        if position < count:
            return value
        position -= count
    raise IndexError(position)


def rounded(value: Decimal, divisor: int) -> Decimal:
    """`value / divisor` as this module rounds; a quotient of exact numbers, rounded once."""
    if not value:
        return Decimal(0)
    whole_digits = Context(prec=MOST_DIGITS).divide(value, Decimal(divisor)).adjusted() + 1
    digits = min(max(LEAST_DIGITS, whole_digits + DECIMALS), MOST_DIGITS)
    return Context(prec=digits).divide(value, Decimal(divisor)).normalize(_EXACT)


def _root(value: Decimal, divisor: int) -> Decimal:
    """The square root of `value / divisor`, rounded to 12 significant digits."""
    precise = Context(prec=2 * MOST_DIGITS)
    return Context(prec=LEAST_DIGITS).plus(precise.sqrt(precise.divide(value, Decimal(divisor))))


def histogram(numbers: Sequence[tuple[Number, int]]) -> Bins:
    """The bins of counted, ordered numbers; one when all are the same."""
    low, high = numbers[0][0], numbers[-1][0]
    counts = [0] * (BINS if low < high else 1)
    for number, count in numbers:
        counts[min(int(share(number, low, high) * len(counts)), len(counts) - 1)] += count
    return Bins(low, high, tuple(counts))


def share(number: Number, low: Number, high: Number) -> Decimal:
    """Where a number lies between two others, from 0 to 1."""
    if low == high:
        return Decimal(0)
    with localcontext(_EXACT):
        return Context(prec=MOST_DIGITS).divide(Decimal(number) - low, Decimal(high) - low)
