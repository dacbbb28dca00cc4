"""Disks that fail: one on which the process dies at an operation, one that says no, one that remembers what was synced;
and one on which nothing fails, that lists where it could have.

Each does its work in a real folder, which is what the page cache would show; what a power loss leaves of it is
computed from the remembered operations (power.py).
"""
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from platform.ledger.journal.disk import Disk

OPERATIONS = ("lock", "open", "size", "read", "append", "write", "sync", "truncate", "replace", "sync_folder")
WRITES = ("append", "write")
PARTS = range(5)  # quarters of an append that reached the file


class Killed(BaseException):
    """The process died here. Not an Exception: no code may think that it can go on."""


class FaultyDisk(Disk):
    """Counts its operations, and gives the one with number `at` to `fault`. Nothing is synced in fact."""

    def __init__(self, at: int = -1) -> None:
        self.at, self.count, self.name = at, 0, ""
        self._open: set[int] = set()

    def leave(self) -> None:
        """The process is gone: so are its handles."""
        for handle in self._open:
            os.close(handle)
        self._open.clear()

    def close(self, handle: int) -> None:
        self._open.discard(handle)
        super().close(handle)

    def fault(self, name: str, handle: int | None, data: bytes | None) -> int | None:
        """What happens instead of the operation; None to do it after all."""
        return None

    def at_store(self, call: str) -> None:
        """A call to a release store, counted as one of this process's operations."""
        self._step(call)

    def _step(self, name: str, handle: int | None = None, data: bytes | None = None) -> int | None:
        self.count += 1
        if self.count - 1 != self.at:
            return None
        self.name = name
        return self.fault(name, handle, data)

    def open_lock(self, path: Path) -> int:
        self._open.add(handle := super().open_lock(path))
        return handle

    def lock(self, handle: int) -> None:
        self._step("lock")
        super().lock(handle)

    def open(self, path: Path, *, append: bool = False, create: bool = False) -> int:
        self._step("open")
        handle = super().open(path, append=append, create=create)
        self._open.add(handle)
        return handle

    def size(self, handle: int) -> int:
        self._step("size")
        return super().size(handle)

    def read(self, handle: int, count: int, at: int) -> bytes:
        self._step("read")
        return super().read(handle, count, at)

    def append(self, handle: int, data: bytes) -> int:
        taken = self._step("append", handle, data)
        return super().append(handle, data) if taken is None else taken

    def write(self, handle: int, data: bytes, at: int) -> int:
        taken = self._step("write", handle, data)
        return super().write(handle, data, at) if taken is None else taken

    def sync(self, handle: int) -> None:
        self._step("sync")

    def truncate(self, handle: int, size: int) -> None:
        self._step("truncate")
        super().truncate(handle, size)

    def replace(self, old: Path, new: Path) -> None:
        self._step("replace")
        super().replace(old, new)

    def remove(self, path: Path) -> None:
        self._step("remove")
        super().remove(path)

    def sync_folder(self, folder: Path) -> None:
        self._step("sync_folder")


class ListingDisk(FaultyDisk):
    """Nothing fails; `names` are the operations that were done, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def _step(self, name: str, handle: int | None = None, data: bytes | None = None) -> int | None:
        self.names.append(name)
        return super()._step(name, handle, data)


class KillingDisk(FaultyDisk):
    """The process dies at operation `at`: before it, or, of an append, when `part` of 4 quarters were written. From
    then on every operation dies again: what still unwinds can change nothing."""

    def __init__(self, at: int, part: int = 0) -> None:
        super().__init__(at)
        self._part, self._dead = part, False

    def _step(self, name: str, handle: int | None = None, data: bytes | None = None) -> int | None:
        if self._dead:
            raise Killed
        return super()._step(name, handle, data)

    def fault(self, name: str, handle: int | None, data: bytes | None) -> int | None:
        if name == "append" and handle is not None and data:
            Disk.append(self, handle, data[:len(data) * self._part // 4])
        self._dead = True
        raise Killed


def deaths(names: list[str]) -> Iterator[tuple[int, int]]:
    """Each (at, part) at which a process that does these operations can die: an append also in its middle."""
    return ((at, part) for at, name in enumerate(names) for part in (PARTS if name == "append" else (0,)))


class RefusingDisk(FaultyDisk):
    """Operation `at` fails with an error; a write may have taken `part` of 4 quarters before, and may not even say so
    but return how much it took."""

    def __init__(self, at: int, error: int = errno.EIO, part: int = 0, *, short: bool = False) -> None:
        super().__init__(at)
        self._error, self._part, self._short = error, part, short

    def fault(self, name: str, handle: int | None, data: bytes | None) -> int | None:
        taken = 0
        if name == "append" and handle is not None and data:
            taken = Disk.append(self, handle, data[:len(data) * self._part // 4])
        if self._short and name in WRITES:
            return taken
        raise OSError(self._error, os.strerror(self._error))


class RememberingDisk(KillingDisk):
    """Keeps every operation that matters to a power loss, in order, as (what, file number or name, ...)."""

    def __init__(self, at: int = -1, part: int = 0) -> None:
        super().__init__(at, part)
        self.log: list[tuple[Any, ...]] = []

    def revive(self) -> None:
        """Another process goes on with the same disk."""
        self.leave()
        self._dead = False

    def heard(self, posts: int) -> None:
        self.log.append(("acknowledged", posts))

    def open(self, path: Path, *, append: bool = False, create: bool = False) -> int:
        new = create and not path.exists()
        handle = super().open(path, append=append, create=create)
        if new:
            self.log.append(("create", path.name, self._file(handle)))
        return handle

    def append(self, handle: int, data: bytes) -> int:
        at = os.fstat(handle).st_size
        try:
            return super().append(handle, data)
        finally:
            if grown := os.fstat(handle).st_size - at:
                self.log.append(("write", self._file(handle), at, data[:grown]))

    def write(self, handle: int, data: bytes, at: int) -> int:
        taken = super().write(handle, data, at)
        self.log.append(("write", self._file(handle), at, data))
        return taken

    def truncate(self, handle: int, size: int) -> None:
        super().truncate(handle, size)
        self.log.append(("truncate", self._file(handle), size))

    def sync(self, handle: int) -> None:
        super().sync(handle)
        self.log.append(("sync", self._file(handle)))

    def replace(self, old: Path, new: Path) -> None:
        super().replace(old, new)
        self.log.append(("rename", old.name, new.name))

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self.log.append(("sync_folder", str(folder)))

    @staticmethod
    def _file(handle: int) -> int:
        return os.fstat(handle).st_ino
