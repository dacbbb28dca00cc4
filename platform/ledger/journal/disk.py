"""The ledger's file operations, one seam: a simulated disk can stand here. Thin: each method is one system call or two.

They raise OSError, as the system does; `refusals` makes it the StorageError of what was being done.
"""
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform import flock
from platform.errors import StaleError, StorageError
from platform.files import fsync_folder

WHEN_GONE = "restore the newest copy of the billing state, see docs/runbooks.md, 14 stale state"
_LARGEST = 1 << 30  # bytes of one read


class Disk:
    """The real one. Handles are file descriptors; `path` is always absolute or relative to the process."""

    def open_lock(self, path: Path) -> int:
        """A handle of a file to lock, which is made when it is not there."""
        return flock.open_lock(path)

    def lock(self, handle: int) -> None:
        """Wait for the exclusive lock."""
        flock.take(handle)

    def is_at(self, handle: int, path: Path) -> bool:
        """Whether a path still names an open file: somebody may have replaced or deleted it."""
        try:
            return os.path.samestat(os.fstat(handle), path.stat())
        except FileNotFoundError:
            return False

    def unlock(self, handle: int) -> None:
        """Explicitly: a child forked meanwhile has the handle too, and closing ours would leave the lock with it."""
        flock.release(handle)

    def open(self, path: Path, *, append: bool = False, create: bool = False) -> int:
        """A handle to read, and to write when it is for appending or creating."""
        access = os.O_RDWR if append or create else os.O_RDONLY
        flags = access | os.O_CLOEXEC | (os.O_APPEND if append else 0) | (os.O_CREAT if create else 0)
        return os.open(path, flags, 0o644)

    def close(self, handle: int) -> None:
        os.close(handle)

    def size(self, handle: int) -> int:
        """Bytes."""
        return os.fstat(handle).st_size

    def read(self, handle: int, count: int, at: int) -> bytes:
        return os.pread(handle, count, at)

    def append(self, handle: int, data: bytes) -> int:
        """One write at the end; how many bytes the disk took."""
        return os.write(handle, data)

    def write(self, handle: int, data: bytes, at: int) -> int:
        return os.pwrite(handle, data, at)

    def sync(self, handle: int) -> None:
        os.fsync(handle)

    def truncate(self, handle: int, size: int) -> None:
        os.ftruncate(handle, size)

    def replace(self, old: Path, new: Path) -> None:
        old.replace(new)

    def remove(self, path: Path) -> None:
        """A file's name; one that is not there is gone already."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        fsync_folder(folder)


DISK = Disk()


class refusals:
    """OSError becomes StorageError: which file, what could not be done, what to do."""

    __slots__ = ("_doing", "_path")

    def __init__(self, path: Path, doing: str) -> None:
        self._path, self._doing = path, doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise StorageError(f"{self._path}: cannot {self._doing} ({error.strerror or error}); free space or mend "
                               "the disk, then run again") from error


class Lock:
    """The exclusive lock on a file, held inside `with`. Its handle is kept, so that taking it again opens nothing; and
    known before it is locked, so that what an interrupt leaves locked is taken again by the next. It excludes
    processes, not threads that share it. A forked child needs a new one."""

    __slots__ = ("_disk", "_handle", "_path")

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk, self._path = disk, path
        self._handle: int | None = None

    def __enter__(self) -> None:
        with refusals(self._path, "take the lock"):
            while True:
                if self._handle is None:
                    self._handle = self._opened()
                self._disk.lock(self._handle)
                if self._disk.is_at(self._handle, self._path):
                    return
                self.close()

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._disk.unlock(self._handle)

    def _opened(self) -> int:
        try:
            return self._disk.open_lock(self._path)
        except FileNotFoundError as error:
            raise StaleError(f"{self._path.parent}: is not there, or was deleted while it was in use; "
                             f"{WHEN_GONE}") from error

    def close(self) -> None:
        """Give the handle back; the next taking opens it again."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._disk.close(handle)


@contextmanager
def locked(disk: Disk, path: Path) -> Iterator[None]:
    """Hold the lock on a file, this once."""
    lock = Lock(disk, path)
    try:
        with lock:
            yield
    finally:
        lock.close()


@contextmanager
def opened(disk: Disk, path: Path, *, append: bool = False, create: bool = False) -> Iterator[int]:
    """An open file, closed afterwards."""
    handle = disk.open(path, append=append, create=create)
    try:
        yield handle
    finally:
        disk.close(handle)


def all_taken(taken: int, data: bytes) -> None:
    """A write that took a part only is a full disk that has not said so yet."""
    if taken != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_whole(disk: Disk, path: Path, data: bytes) -> None:
    """A file with just these bytes, durable together with its name: whole or not at all. Under the lock only, for its
    temporary name is the same each time, so that a crash leaves at most one behind."""
    temporary = path.with_name(f".{path.name}.new")
    with refusals(path, "write"):
        with opened(disk, temporary, create=True) as handle:
            disk.truncate(handle, 0)
            all_taken(disk.write(handle, data, 0), data)
            disk.sync(handle)
        disk.replace(temporary, path)
        disk.sync_folder(path.parent)


def read_whole(disk: Disk, path: Path) -> bytes | None:
    """A file's bytes, None when there is none."""
    with refusals(path, "read"):
        try:
            with opened(disk, path) as handle:
                parts, at = list[bytes](), 0
                while more := disk.read(handle, max(1, min(disk.size(handle) - at, _LARGEST)), at):
                    parts.append(more)
                    at += len(more)
                return b"".join(parts)
        except FileNotFoundError:
            return None
