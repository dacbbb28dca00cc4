"""A moment in UTC as every file, message and record writes it: `2026-11-24T10:00:00Z`. Pure."""
from datetime import UTC, datetime


def utc_text(at: datetime) -> str:
    """An aware moment as text, in UTC, to the second."""
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def utc_moment(text: str) -> datetime:
    """The moment that a text in ISO 8601 with a zone names, aware, in UTC. ValueError for any other
    text."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} is outside of the calendar in UTC") from error
