"""How long a result is kept: times such as 12h, 3d, 1w, 6m (of 30 days) and 1y (of 365). Pure."""
from datetime import datetime, timedelta

_DAYS = {"h": 1 / 24, "d": 1, "w": 7, "m": 30, "y": 365}


def expires_at(created_at: datetime, *retentions: str) -> datetime | None:
    """When what was made then is over: the shortest of the retentions counts; none, or an empty one, sets no end, nor
    does one that goes beyond what a date can be."""
    times = [timedelta(days=int(text[:-1]) * _DAYS[text[-1]]) for text in retentions if text]
    try:
        return created_at + min(times) if times else None
    except OverflowError:
        return None
