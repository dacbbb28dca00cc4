"""The journal's file operations, one seam: a simulated disk can stand here. Every OSError becomes a StorageError."""
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform.errors import StorageError
from platform.files import fsync_folder


@contextmanager
def _refusals(path: Path, doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path}: cannot {doing} ({error.strerror or error}); nothing was posted, free space or "
                           "mend the disk, then run again") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock on a file, made when it is not there; processes and threads wait their turn."""
    with _refusals(path, "take the lock"):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with _refusals(path, "take the lock"):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_from(path: Path, offset: int) -> bytes:
    """All bytes from `offset` on."""
    with _refusals(path, "read"), path.open("rb") as file:
        file.seek(offset)
        return file.read()


def create(path: Path, data: bytes) -> None:
    """A new file with these bytes, durable together with its name; it appears whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    with _refusals(path, "create"):
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        fsync_folder(path.parent)


def append_durable(path: Path, data: bytes, end: int) -> None:
    """Append with one write and one fsync. When the write fails the file is cut back to `end`; StorageError."""
    with _refusals(path, "append"):
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        try:
            with _refusals(path, "append"):
                if os.write(handle, data) != len(data):
                    raise OSError("the disk took a part only")
        except StorageError:
            with _refusals(path, "cut back"):
                os.ftruncate(handle, end)
            raise
        with _refusals(path, "make durable"):
            os.fsync(handle)
    finally:
        os.close(handle)


def truncate_durable(path: Path, end: int) -> None:
    """Cut a file to `end` bytes and make that durable."""
    with _refusals(path, "truncate"):
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(handle, end)
            os.fsync(handle)
        finally:
            os.close(handle)


def append(path: Path, data: bytes) -> None:
    """Append without fsync: for what can be made again."""
    with _refusals(path, "append"), path.open("ab") as file:
        file.write(data)
