"""A time in UTC in the form of all files, messages and records: `2026-11-24T10:00:00Z`. Pure."""
from datetime import UTC, datetime


def utc_text(at: datetime) -> str:
    """An aware datetime as text, in UTC, to the second."""
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def utc_text_ms(at: datetime) -> str:
    """As `utc_text`, to the millisecond: `2026-11-24T10:00:00.000Z`. Such texts sort by time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def seconds_between(begin: str, end: str) -> float:
    """The seconds from one text of `utc_text_ms` to another; 0 if one is no such text."""
    try:
        return max(0.0, (utc_moment(end) - utc_moment(begin)).total_seconds())
    except ValueError:
        return 0.0


def utc_moment(text: str) -> datetime:
    """Parse a time in ISO 8601 with a time zone; the result is aware and in UTC. Raises ValueError
    for any other text."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside the range of dates in UTC") from error
