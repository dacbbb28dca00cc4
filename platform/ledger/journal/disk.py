"""The ledger's file operations in one place, where tests put a simulated disk. Each method is one
or two system calls.

The methods raise OSError, as the system does. `refusals` turns it into a StorageError that names
what was being done.
"""
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform import flock
from platform.errors import StaleError
from platform.files import fsync_folder
from platform.owned import storage_error

WHEN_GONE = "restore the newest copy of the billing state, see docs/runbooks.md, 14 stale state"
_LARGEST = 1 << 30  # bytes of one read


class Disk:
    """The real disk. A handle is a file descriptor. A path is absolute, or relative to the working
    directory."""

    def open_lock(self, path: Path) -> int:
        """A handle of a file to lock, which is created when it does not exist."""
        return flock.open_lock(path)

    def lock(self, handle: int) -> None:
        """Wait for the exclusive lock."""
        flock.take(handle)

    def is_at(self, handle: int, path: Path) -> bool:
        """Whether a path still names an open file. Another process may have replaced or deleted
        it."""
        try:
            return os.path.samestat(os.fstat(handle), path.stat())
        except FileNotFoundError:
            return False

    def unlock(self, handle: int) -> None:
        """Release the lock explicitly. A forked child shares the handle, so closing ours would not
        release it."""
        flock.release(handle)

    def open(self, path: Path, *, append: bool = False, create: bool = False) -> int:
        """A handle to read; also to write when `append` or `create` is set. FileNotFoundError
        without `create`."""
        access = os.O_RDWR if append or create else os.O_RDONLY
        flags = (
            access | os.O_CLOEXEC | (os.O_APPEND if append else 0) | (os.O_CREAT if create else 0)
        )
        return os.open(path, flags, 0o644)

    def close(self, handle: int) -> None:
        """Close a handle."""
        os.close(handle)

    def size(self, handle: int) -> int:
        """The size of an open file, in bytes."""
        return os.fstat(handle).st_size

    def read(self, handle: int, count: int, at: int) -> bytes:
        """At most `count` bytes from byte `at` on; fewer at the end of the file."""
        return os.pread(handle, count, at)

    def append(self, handle: int, data: bytes) -> int:
        """Write once at the end. The result is the number of bytes that the disk took."""
        return os.write(handle, data)

    def write(self, handle: int, data: bytes, at: int) -> int:
        """Write once at byte `at`. The result is the number of bytes that the disk took."""
        return os.pwrite(handle, data, at)

    def sync(self, handle: int) -> None:
        """Make the contents of an open file durable (fsync)."""
        os.fsync(handle)

    def truncate(self, handle: int, size: int) -> None:
        """Cut an open file to `size` bytes."""
        os.ftruncate(handle, size)

    def replace(self, old: Path, new: Path) -> None:
        """Rename `old` to `new`, which is replaced."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Delete a file's name. Nothing happens when it does not exist."""
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Make the names in a directory durable."""
        fsync_folder(folder)


DISK = Disk()


class refusals:
    """Turns an OSError into a StorageError that names the file, the operation and the remedy."""

    __slots__ = ("_doing", "_path")

    def __init__(self, path: Path, doing: str) -> None:
        self._path, self._doing = path, doing

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if isinstance(error, OSError):
            raise storage_error(self._path, self._doing, error) from error


class Lock:
    """The exclusive lock on a file, held inside `with`.

    The handle stays open, so that the next entry opens nothing. It is known before it is locked, so
    that the next entry also takes a lock that an interrupt left behind. The lock excludes
    processes, but not threads that share it. A forked child needs its own.
    """

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
            raise StaleError(
                f"{self._path.parent}: does not exist, or was deleted while it was in use; "
                f"{WHEN_GONE}"
            ) from error

    def close(self) -> None:
        """Close the handle. The next entry opens it again."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._disk.close(handle)


@contextmanager
def locked(disk: Disk, path: Path) -> Iterator[None]:
    """Hold the lock on a file once. StorageError, or StaleError without the directory."""
    lock = Lock(disk, path)
    try:
        with lock:
            yield
    finally:
        lock.close()


@contextmanager
def opened(disk: Disk, path: Path, *, append: bool = False, create: bool = False) -> Iterator[int]:
    """An open file, closed at the end. OSError as `Disk.open`."""
    handle = disk.open(path, append=append, create=create)
    try:
        yield handle
    finally:
        disk.close(handle)


def all_taken(taken: int, data: bytes) -> None:
    """OSError when a write took only a part: the disk is full and has not said so yet."""
    if taken != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write_whole(disk: Disk, path: Path, data: bytes) -> None:
    """Replace a file by exactly these bytes, durable together with its name: whole or not at all.

    Call it under the lock. The temporary name is always the same, so that a crash leaves at most
    one such file. StorageError when the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.new")
    with refusals(path, "write"):
        with opened(disk, temporary, create=True) as handle:
            disk.truncate(handle, 0)
            all_taken(disk.write(handle, data, 0), data)
            disk.sync(handle)
        disk.replace(temporary, path)
        disk.sync_folder(path.parent)


def read_whole(disk: Disk, path: Path) -> bytes | None:
    """A file's bytes; None when it does not exist. StorageError when the disk refuses."""
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
