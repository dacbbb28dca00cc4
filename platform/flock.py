"""The exclusive lock on an open file (flock), the only place that takes one. It excludes processes;
threads of one process that share a handle share the lock."""
import fcntl
import os
from pathlib import Path


def open_lock(path: Path) -> int:
    """A handle of a lock file, which is created if it does not exist. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def take(handle: int) -> None:
    """Wait for the lock. The kernel releases it when the last copy of the handle is closed."""
    fcntl.flock(handle, fcntl.LOCK_EX)


def take_now(handle: int) -> bool:
    """Take the lock without waiting; False if another process holds it. Raises OSError if the file
    cannot be locked."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take_shared_now(handle: int) -> bool:
    """Take a shared lock without waiting; False if a process holds the exclusive one. OSError as
    `take_now`."""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(handle: int) -> None:
    """Release the lock now, even if a forked child still has a copy of the handle."""
    fcntl.flock(handle, fcntl.LOCK_UN)
