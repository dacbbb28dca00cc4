"""The forms of text that are checked: `format` in our schemas and in a port of a module's contract."""
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
    """A day that exists: 2026-02-30 does not."""
    return not isinstance(value, str) or (_DAY.fullmatch(value) is not None and _reads(date.fromisoformat, value))


def is_time(value: object) -> bool:
    """A second that exists, with its zone."""
    return not isinstance(value, str) or (_TIME.fullmatch(value) is not None and _reads(datetime.fromisoformat, value))


def is_day_or_time(value: object) -> bool:
    return is_day(value) or is_time(value)


def is_line(value: object) -> bool:
    """One line of text of any script (`model/characters.py` has what is refused)."""
    return not isinstance(value, str) or not refused_in(value)


def is_address(value: object) -> bool:
    """One mail address that has a wire form (`model/addresses.py`), and nothing else."""
    return not isinstance(value, str) or not address_fault(value)


def is_pattern(value: object) -> bool:
    """A regular expression that RE2 reads, of a bounded size."""
    return not isinstance(value, str) or isinstance(patterns.compiled(value), patterns.Pattern)


def _reads(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def cron_fault(expression: str) -> str:
    """What is wrong with a cron expression, or nothing."""
    from cronsim import CronSim, CronSimError

    if len(expression.split()) != 5:
        return "has not five fields"
    try:
        schedule: Any = CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC))
        next(schedule)
    except CronSimError as error:
        return f"cannot be read ({error})"
    except StopIteration:
        return "never comes true"
    return ""


FORMATS: dict[str, Callable[[object], bool]] = {
    "date": is_day, "date-time": is_time, "day-or-time": is_day_or_time, "line": is_line, "email": is_address,
    "regex": is_pattern,
}
DATES = frozenset({"date", "date-time", "day-or-time"})
