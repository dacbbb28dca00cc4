"""Which days of the history are removed, and their removal."""
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from platform import trees
from platform.history.files import HISTORY
from platform.history.reader import History
from platform.model.profile import Retention
from platform.owned import owned


def expired(
    days: Sequence[str], count: Callable[[str], int], today: date, limit: Retention
) -> list[str]:
    """The days to remove, of `days`, newest first. Pure.

    A day goes when it is older than `keep_days`, or when the days after it have `keep_runs`
    invocations. Whole days go, and never the newest. `count` counts the invocations of a day."""
    oldest = (today - timedelta(days=limit.keep_days)).isoformat()
    newer, gone = 0, []
    for index, day in enumerate(days):
        if index and (day < oldest or newer >= limit.keep_runs):
            gone.append(day)
        else:
            newer += count(day)
    return gone


def prune(runtime_dir: Path, limit: Retention, today: date) -> None:
    """Remove the expired days. OSError, StorageError if the disk refuses; the next day's first
    run tries again."""
    history = History(runtime_dir)
    gone = expired(history.days(), history.count, today, limit)
    if gone:
        with owned(runtime_dir, HISTORY) as folder:
            for day in gone:
                trees.remove_at(day, folder.handle)
