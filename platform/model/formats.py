"""The text formats that can be checked: `format` in the schemas and in the ports of contracts.

Each `is_...` function returns True for a value that is not a string, as JSON Schema requires.
"""
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from platform.model import patterns
from platform.model.addresses import address_fault
from platform.model.characters import refused_in

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})")


def is_day(value: object) -> bool:
    """A date that exists, such as 2026-11-24; 2026-02-30 does not."""
    return not isinstance(value, str) or (
        _DAY.fullmatch(value) is not None and _is_parsed(date.fromisoformat, value))


def is_time(value: object) -> bool:
    """A time that exists, with its time zone, such as 2026-11-24T10:00:00Z."""
    return not isinstance(value, str) or (
        _TIME.fullmatch(value) is not None and _is_parsed(datetime.fromisoformat, value))


def is_day_or_time(value: object) -> bool:
    return is_day(value) or is_time(value)


def is_line(value: object) -> bool:
    """One line of text in any script; `model/characters.py` lists the refused characters."""
    return not isinstance(value, str) or not refused_in(value)


def is_address(value: object) -> bool:
    """Exactly one mail address (`model/addresses.py`)."""
    return not isinstance(value, str) or not address_fault(value)


def is_pattern(value: object) -> bool:
    """A regular expression of RE2 of limited size."""
    return not isinstance(value, str) or isinstance(patterns.compiled(value), patterns.Pattern)


def _is_parsed(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def cron_fault(expression: str) -> str:
    """What is wrong with a cron expression, as a clause that follows it; empty if it is valid."""
    from cronsim import CronSim, CronSimError

    if len(expression.split()) != 5:
        return "does not have five fields"
    try:
        schedule: Any = CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC))
        next(schedule)
    except CronSimError as error:
        return f"is not valid ({error})"
    except StopIteration:
        return "never occurs"
    return ""


FORMATS: dict[str, Callable[[object], bool]] = {
    "date": is_day,
    "date-time": is_time,
    "day-or-time": is_day_or_time,
    "line": is_line,
    "email": is_address,
    "regex": is_pattern,
}
DATES = frozenset({"date", "date-time", "day-or-time"})
