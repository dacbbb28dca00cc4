"""The process dies: at every operation of a day, and again at every operation of what comes after."""
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.faults.disks import Killed, KillingDisk, ListingDisk, deaths
from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.work import Day, wrong

RECOVERY_OPERATIONS = 36  # from opening to the first post after a crash; later ones are a day's own


def crash(seed: int) -> Points:
    """Every operation of the day; an append also in the middle."""
    yield from (Point(f"{at}.{part}", partial(_attempt, [(at, part)])) for at, part in deaths(operations()))


def crash_again(seed: int) -> Points:
    """Every operation of the day, and of what recovers from it, and of what recovers from that."""
    for at, part in deaths(operations()):
        for second in range(RECOVERY_OPERATIONS):
            yield Point(f"{at}.{part}+{second}", partial(_attempt, [(at, part), (second, 1)]))
            if part:
                yield Point(f"{at}.{part}+{second}+{second}",
                            partial(_attempt, [(at, part), (second, 1), (second, 1)]))


def operations() -> list[str]:
    """The names of the day's operations on the disk, in order."""
    disk = ListingDisk()
    with scratch() as folder:
        Day(folder, disk).go()
    return disk.names


def _attempt(when: list[tuple[int, int]], folder: Path) -> str:
    acknowledged = 0
    for at, part in when:
        disk = KillingDisk(at, part)
        day = Day(folder, disk)
        with suppress(Killed):
            day.go()
        disk.leave()
        acknowledged = max(acknowledged, day.acknowledged)
    return wrong(folder, acknowledged)
