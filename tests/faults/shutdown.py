"""A real file system shut down under load: ext4 on a loop device, four writers on it, and the kernel throws away what
is not on the disk, its own journal's memory too. Mounted again, what any writer was told must be there, once.

For root alone, where the kernel lets it mount; elsewhere there are no points.
"""
import fcntl
import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.writers import WRITERS, judge, kill, start

TIMES, SIZE_BYTES = 40, 32 << 20
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, struct.pack("I", 2)  # FS_IOC_SHUTDOWN


def shutdown(seed: int) -> Points:
    for number in range(TIMES if _possible() else 0):
        yield Point(f"{number}", partial(_attempt, random.Random(f"{seed}.{number}").uniform(0.2, 2)))


def _attempt(after_s: float, folder: Path) -> str:
    disk = _made(folder.parent)
    told = set[str]()
    with _mounted(disk, folder):
        state = folder / "state"
        running = [start(state, f"w{number}") for number in range(WRITERS)]
        for process in running:  # from the first acknowledgement on: before it there is nothing to lose
            assert process.stdout
            told.add(process.stdout.readline().strip())
        time.sleep(after_s)
        _shut(folder)
        for process in running:
            told |= kill(process)
    if wrong := [line for line in told if line.startswith("a writer ended") and "StorageError" not in line]:
        return wrong[0]
    left = shutil.copy(disk, disk.with_name("left"))  # the same file could still be mounted, in a namespace of others
    with _mounted(left, folder):
        return judge(state, {line for line in told if line and not line.startswith("a writer ended")})


@cache
def _possible() -> bool:
    if os.geteuid() or not all(map(shutil.which, ("mkfs.ext4", "mount", "umount"))):
        return False
    with scratch() as folder:
        try:
            with _mounted(_made(folder.parent), folder):
                _shut(folder)
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


def _made(place: Path) -> Path:
    disk = place / "disk"
    disk.unlink(missing_ok=True)
    disk.touch()
    os.truncate(disk, SIZE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", str(disk)], check=True, capture_output=True)
    return disk


@contextmanager
def _mounted(disk: Path, folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(disk), str(folder)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def _shut(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, _SHUTDOWN, _NO_LOG_FLUSH)
    finally:
        os.close(handle)
