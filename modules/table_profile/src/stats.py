"""What a column is, and its statistics. Pure.

A column's type is the narrowest that every value has: boolean, integer, number, date, text; `empty` when it has none.
Missing are empty fields and the words in MISSING. Quantiles are linear between order statistics (as R's type 7 and
numpy's default); the standard deviation is the sample's. Numbers are rounded to 12 significant digits.
"""
import math
import re
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none"})
TOP = 10
QUANTILES = (0.05, 0.25, 0.75, 0.95)

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})")


@dataclass(frozen=True)
class Column:
    """`numbers` are the values of a numeric column, ordinals of a date column, in the table's order."""

    name: str
    type: str
    count: int  # values that are there
    missing: int
    distinct: int
    top: tuple[tuple[str, int], ...]  # most frequent first, then by value
    numbers: tuple[float, ...] = ()
    summary: dict[str, float | str] = field(default_factory=dict)  # min, max, mean, ... of numbers; min, max of dates


def profile_column(name: str, values: Sequence[str]) -> Column:
    present = [value for value in values if value.lower() not in MISSING]
    counted = Counter(present)
    kind, read = _type(counted)
    numbers = tuple(read(value) for value in present) if read else ()
    return Column(name, kind, len(present), len(values) - len(present), len(counted),
                  tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:TOP]), numbers,
                  _summary(kind, numbers))


def _type(values: Counter[str]) -> tuple[str, Callable[[str], float] | None]:
    if not values:
        return "empty", None
    if all(value.lower() in ("true", "false") for value in values):
        return "boolean", None
    if all(_INTEGER.fullmatch(value) for value in values):
        return "integer", float
    if all(_NUMBER.fullmatch(value) and math.isfinite(float(value)) for value in values):
        return "number", float
    if all(_ordinal(value) for value in values):
        return "date", _ordinal
    return "text", None


def _ordinal(value: str) -> int:
    """The number of a day that exists, 0 for everything else."""
    found = _DAY.fullmatch(value)
    if found is None:
        return 0
    try:
        return date(int(found[1]), int(found[3]), int(found[4])).toordinal()
    except ValueError:
        return 0


def _summary(kind: str, numbers: tuple[float, ...]) -> dict[str, float | str]:
    if not numbers:
        return {}
    if kind == "date":
        return {name: date.fromordinal(int(pick(numbers))).isoformat() for name, pick in (("min", min), ("max", max))}
    ordered = sorted(numbers)
    found = {"min": ordered[0], "max": ordered[-1], "mean": math.fsum(numbers) / len(numbers),
             "median": quantile(ordered, 0.5)}
    if len(numbers) > 1:
        found["stdev"] = statistics.stdev(numbers)
    found |= {f"q{round(share * 100):02d}": quantile(ordered, share) for share in QUANTILES}
    return {name: rounded(value) for name, value in found.items()}


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the sorted values lie, linear between neighbours."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def rounded(value: float) -> float:
    """12 significant digits: what every machine agrees on."""
    return float(f"{value:.12g}")


def histogram(numbers: Sequence[float], bins: int) -> tuple[float, float, list[int]]:
    """Lower and upper bound, and how many values are in each of `bins` equal parts; the last holds its upper bound."""
    low, high = min(numbers), max(numbers)
    counts = [0] * bins
    for number in numbers:
        share = (number - low) / (high - low) if high > low else 0.0
        counts[min(int(share * bins), bins - 1)] += 1
    return low, high, counts
