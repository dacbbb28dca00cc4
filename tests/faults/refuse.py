"""The disk says no: every operation of a day fails once, with each error, in part, or takes less than it was given."""
import errno
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from platform.errors import StorageError
from tests.faults.crash import operations
from tests.faults.disks import WRITES, RefusingDisk
from tests.faults.points import Point, Points
from tests.faults.work import Day, wrong

ERRORS = (errno.EIO, errno.ENOSPC)


def refuse(seed: int) -> Points:
    for at, name in enumerate(operations()):
        for how, error, part, short in _ways(name):
            yield Point(f"{at}.{how}", partial(_attempt, at, error, part, short))


def _ways(name: str) -> Iterator[tuple[str, int, int, bool]]:
    for error in ERRORS:
        yield errno.errorcode[error], error, 0, False
    if name in WRITES:
        yield "short0", errno.EIO, 0, True
    if name == "append":
        for part in (1, 2, 4):
            yield f"{errno.errorcode[errno.ENOSPC]}.{part}", errno.ENOSPC, part, False
        for part in (1, 2):
            yield f"short{part}", errno.EIO, part, True


def _attempt(at: int, error: int, part: int, short: bool, folder: Path) -> str:
    disk = RefusingDisk(at, error, part, short=short)
    day = Day(folder, disk)
    try:
        day.go()
        if disk.name not in ("size", ""):
            return f"{disk.name} failed and nobody was told"
    except StorageError:
        pass  # the one right answer: exit status 15
    finally:
        disk.leave()
    return wrong(folder, day.acknowledged)
