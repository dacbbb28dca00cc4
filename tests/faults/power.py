"""The power goes: of what was not synced any part may be on the disk, in any order, and the last write torn or zero.

In a day without other faults, and in days on which a process was killed at an append or before its fsync, and another
one made the day again: what that one acknowledges may be what the dead one wrote and never synced.

A model of a disk with files and one folder. fsync of a file makes its bytes durable, not its name; fsync of the folder
its names, not their bytes. That is less than any file system of today promises.
"""
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from itertools import product
from pathlib import Path
from typing import Any

from tests.faults.crash import operations
from tests.faults.disks import Killed, RememberingDisk
from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.work import Day, wrong

ALL_SUBSETS_UP_TO = 5  # operations that were not synced: 32 subsets; of more, that many by chance
TEARS = ("whole", "half", "zeros")

Operation = tuple[Any, ...]


def power(seed: int) -> Points:
    """Every moment of each day, with every subset of what was not synced then."""
    names = operations()
    deaths = [(-1, 0), *((at, 2) for at, name in enumerate(names) if name == "append"),
              *((at + 1, 0) for at, name in enumerate(names) if name == "append")]
    for death in deaths:
        for moment in range(len(_log(*death)) + 1):
            unsynced = sum(map(len, _after(death, moment).pending()))
            for number, chosen in enumerate(_subsets(unsynced, random.Random(f"{seed}.{death}.{moment}"))):
                for tear in TEARS if any(chosen) else TEARS[:1]:
                    yield Point(f"{death[0]}.{death[1]}.{moment}.{number}.{tear}",
                                partial(_attempt, death, moment, chosen, tear))


def _subsets(count: int, chance: random.Random) -> Iterator[tuple[bool, ...]]:
    if count <= ALL_SUBSETS_UP_TO:
        yield from product((True, False), repeat=count)
    else:
        yield (True,) * count
        yield (False,) * count
        for _ in range(2 ** ALL_SUBSETS_UP_TO):
            yield tuple(chance.random() < 0.5 for _ in range(count))


def _attempt(death: tuple[int, int], moment: int, chosen: Sequence[bool], tear: str, folder: Path) -> str:
    disk = _after(death, moment)
    left = disk.left(chosen, tear)
    if left is not None:
        folder.mkdir()
        for name, data in left.items():
            (folder / name).write_bytes(data)
    return wrong(folder, disk.acknowledged, power_lost=True)


@cache
def _log(at: int, part: int) -> tuple[Operation, ...]:
    """What was done on a day, the process having died once at operation `at`, or never."""
    disk = RememberingDisk(at, part)
    with scratch() as folder:
        with suppress(Killed):
            Day(folder, disk).go(disk.heard)
        if at >= 0:
            disk.revive()
            Day(folder, disk).go(disk.heard)
        return tuple(("sync_folder", "state" if operation[1] == str(folder) else "parent")
                     if operation[0] == "sync_folder" else operation for operation in disk.log)


def _after(death: tuple[int, int], moment: int) -> "_Model":
    model = _Model()
    for operation in _log(*death)[:moment]:
        model.take(operation)
    return model


class _Model:
    """What is durable, and what was done since."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self._exists = False  # whether the folder's own name is durable
        self._bytes: dict[int, bytes] = {}
        self._names: dict[str, int] = {}
        self._unsynced: dict[int, list[Operation]] = {}
        self._unsynced_names: list[Operation] = []
        self._now: dict[str, int] = {}  # names as a living process sees them
        self._ids: dict[int, int] = {}  # a file number may be used again for another file

    def take(self, operation: Operation) -> None:
        match operation:
            case ("acknowledged", posts):
                self.acknowledged = max(self.acknowledged, posts)
            case ("create", name, number):
                self._ids[number] = self._now[name] = len(self._bytes)
                self._bytes[self._now[name]], self._unsynced[self._now[name]] = b"", []
                self._unsynced_names.append(("", name, self._now[name]))
            case ("rename", old, new):
                self._now[new] = self._now.pop(old)
                self._unsynced_names.append((old, new, self._now[new]))
            case ("write" | "truncate", number, *_):
                self._unsynced[self._ids[number]].append(operation)
            case ("sync", number):
                file = self._ids[number]
                self._bytes[file] = _done(self._bytes[file], self._unsynced[file])
                self._unsynced[file] = []
            case ("sync_folder", "parent"):
                self._exists = True
            case ("sync_folder", "state"):
                self._names = _named(self._names, self._unsynced_names)
                self._unsynced_names = []

    def pending(self) -> list[list[Operation]]:
        return [self._unsynced_names, *self._unsynced.values()]

    def left(self, chosen: Sequence[bool], tear: str) -> dict[str, bytes] | None:
        """The files when only the chosen operations reached the disk, the last write of each file torn; None when the
        folder is gone."""
        choice = iter(chosen)
        names, *files = [[op for op in ops if next(choice)] for ops in self.pending()]
        if not self._exists:
            return None
        left = {file: _done(self._bytes[file], _torn(ops, tear))
                for file, ops in zip(self._unsynced, files, strict=True)}
        return {name: left[file] for name, file in _named(self._names, names).items()}


def _named(names: dict[str, int], operations: Sequence[Operation]) -> dict[str, int]:
    now = dict(names)
    for old, new, file in operations:
        now.pop(old, None)
        now[new] = file
    return now


def _done(data: bytes, operations: Sequence[Operation]) -> bytes:
    for operation in operations:
        if operation[0] == "truncate":
            data = data[:operation[2]].ljust(operation[2], b"\0")
        else:
            at, new = operation[2:]
            data = data[:at].ljust(at, b"\0") + new + data[at + len(new):]
    return data


def _torn(operations: list[Operation], tear: str) -> list[Operation]:
    if not operations or operations[-1][0] != "write" or tear == "whole":
        return operations
    *before, (what, file, at, data) = operations
    half = len(data) // 2
    return [*before, (what, file, at, data[:half] if tear == "half" else data[:half] + bytes(len(data) - half))]
