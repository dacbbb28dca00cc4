"""A moment in the past as people write it: `yesterday`, `3d`, `2026-11-28`. In UTC. Pure."""
import re
from datetime import UTC, datetime, timedelta

FORMS = "today, yesterday, 2h, 3d, 1w, 2026-11-28 or 2026-11-28T10:00:00Z"
_AGO = re.compile(r"([0-9]{1,6})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> datetime:
    """The moment that a text means at `now`, in UTC. Raises ValueError for any other text.

    `today` and `yesterday` begin at 00:00 UTC. `3d` is three days before `now`. A time without a
    time zone is UTC."""
    now = now.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if text == "today":
            return midnight
        if text == "yesterday":
            return midnight - timedelta(days=1)
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a time") from error
