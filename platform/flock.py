"""Locks on open files, and the only place that takes one: on a whole file (flock) or on one byte of
it (OFD locks; a handle can have any number). Both exclude processes; threads of one process that
share a handle share its locks. The kernel releases them when the last copy of the handle is closed.
"""
import fcntl
import os
import struct
from pathlib import Path

_PART = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, length, pid


def open_lock(path: Path) -> int:
    """A handle of a lock file, which is created if it does not exist. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def take(handle: int, *, shared: bool = False) -> None:
    """Wait for the lock; `shared`: together with others that share it."""
    fcntl.flock(handle, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)


def take_now(handle: int, *, shared: bool = False) -> bool:
    """As `take`, without waiting; False if another process holds it. Raises OSError if the file
    cannot be locked."""
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(handle: int) -> None:
    """Release the lock now, even if a forked child still has a copy of the handle."""
    fcntl.flock(handle, fcntl.LOCK_UN)


def take_part(handle: int, at: int) -> None:
    """Wait for the lock on the byte `at`, 0 to 2^63 - 2, which the file need not have. OSError."""
    fcntl.fcntl(handle, fcntl.F_OFD_SETLKW, _part(fcntl.F_WRLCK, at))


def take_part_now(handle: int, at: int) -> bool:
    """As `take_part`, without waiting; False if another handle has the lock."""
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _part(fcntl.F_WRLCK, at))
    except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, by POSIX
        return False
    return True


def release_part(handle: int, at: int) -> None:
    """Release the lock on the byte `at`."""
    fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _part(fcntl.F_UNLCK, at))


def is_part_taken(handle: int, at: int) -> bool:
    """Whether another handle has the lock on the byte `at`. It is not taken, so nobody waits."""
    found = fcntl.fcntl(handle, fcntl.F_OFD_GETLK, _part(fcntl.F_WRLCK, at))
    return bool(_PART.unpack(found)[0] != fcntl.F_UNLCK)


def _part(kind: int, at: int) -> bytes:
    return _PART.pack(kind, os.SEEK_SET, at, 1, 0)
