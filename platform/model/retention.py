"""How long a result is kept, such as 12h, 3d, 1w, 6m (months of 30 days) or 1y (365 days). Pure."""
from datetime import datetime, timedelta

_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}


def expires_at(created_at: datetime, *retentions: str) -> datetime | None:
    """When a result that was created at `created_at` expires; None if it never does.

    The shortest retention counts. An empty one sets no limit, and neither does one beyond the last
    possible date."""
    times = [timedelta(days=int(text[:-1]) * _DAYS[text[-1]]) for text in retentions if text]
    try:
        return created_at + min(times) if times else None
    except OverflowError:
        return None
