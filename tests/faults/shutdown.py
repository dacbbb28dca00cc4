"""A real file system shut down under load: ext4 on a loop device, four writers on it, and the kernel throws away what
is not on the disk, its own journal's memory too. Mounted again, what any writer was told before must be there, once.

What it was told while the shutdown went on is not held: an fsync that meets it may say that all is well when nothing
is (Linux 6.18; a bare write and fsync in the same place lost what they told 2 times in 25). A power cut asks nobody.

For root alone, where the kernel lets it mount; elsewhere there are no points.
"""
import fcntl
import os
import random
import select
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
_LOOKS = 50
_SHUTDOWN, _NO_LOG_FLUSH = 0x8004587D, struct.pack("I", 2)  # FS_IOC_SHUTDOWN


def shutdown(seed: int) -> Points:
    for number in range(TIMES if _possible() else 0):
        yield Point(f"{number}", partial(_attempt, random.Random(f"{seed}.{number}").uniform(0.2, 2)))


def _attempt(after_s: float, folder: Path) -> str:
    disk = _made(folder.parent)
    with _mounted(disk, folder):
        state = folder / "state"
        running = [start(state, f"w{number}") for number in range(WRITERS)]
        heard = [set[str]() for _ in running]
        for _ in range(_LOOKS):  # until each has an acknowledgement: before it there is nothing to lose
            time.sleep(after_s)
            for mine, process in zip(heard, running, strict=True):
                mine |= _heard(process)
            if all(heard):
                break
        _shut(folder)
        ended = set().union(*(kill(process) for process in running))
    if wrong := [line for line in ended if line.startswith("a writer ended") and "StorageError" not in line]:
        return wrong[0]
    left = shutil.copy(disk, disk.with_name("left"))  # the same file could still be mounted, in a namespace of others
    with _mounted(left, folder):
        return judge(state, set().union(*heard)) if all(heard) else "a writer was told nothing"


def _heard(process: "subprocess.Popen[str]") -> set[str]:
    """What it was told since the last look, in whole lines: each is one write."""
    assert process.stdout
    lines, ready = b"", select.poll()  # select() knows no handle above 1,023
    ready.register(process.stdout, select.POLLIN)
    while ready.poll(0) and (more := os.read(process.stdout.fileno(), 1 << 16)):
        lines += more
    return set(lines.decode().splitlines())


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
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)  # somebody may look at it


def _shut(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, _SHUTDOWN, _NO_LOG_FLUSH)
    finally:
        os.close(handle)
