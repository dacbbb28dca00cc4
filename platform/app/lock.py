"""The lock of a runtime directory: one run at a time. A second run prints the holder, and waits."""
import contextlib
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from platform import flock
from platform.confined import Folder, Refused, read_file
from platform.errors import StorageError
from platform.model.utc import utc_text
from platform.openat import explained
from platform.owned import owned, storage_error

_NAME = ".lock"


def file(runtime_dir: Path) -> Path:
    """The path of a directory's lock file, which is written when the lock is acquired."""
    return runtime_dir / _NAME


def acquire(runtime_dir: Path, command: str, say: Callable[[str], object]) -> int:
    """Lock the directory until `release(handle)` or the end of the process. Waits for another run.

    Raises:
        Displaced: the directory or the lock is a link.
        StorageError: the lock cannot be created.
    """
    try:
        with owned(runtime_dir, make=True) as folder:
            handle = _opened(folder)
    except Refused as error:
        raise storage_error(file(runtime_dir), "be locked", error) from error
    except OSError as error:
        raise StorageError(f"{runtime_dir}: cannot be locked ({error.strerror}); repair the "
                           "directory, then run again") from error
    if not flock.take_now(handle):
        say(f"waiting for another run over {runtime_dir}/: {_holder(handle)}")
        flock.take(handle)
    holder = {"pid": os.getpid(), "command": command, "since": utc_text(datetime.now(UTC))}
    # The note only informs users. On a full disk, the lock works without it.
    with contextlib.suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
    return handle


def _opened(folder: Folder) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return os.open(_NAME, flags, 0o644, dir_fd=folder.handle)
    except OSError as error:
        raise explained(folder.handle, _NAME, folder.named(_NAME), error) from None


def release(handle: int) -> None:
    """Release the lock, so that the next run can start."""
    os.close(handle)


def is_held(runtime_dir: Path) -> bool:
    """Whether a run uses this directory. This function reads the note in the lock file: a test that
    took the lock could block a run."""
    try:
        return Path("/proc", str(json.loads(read_file(file(runtime_dir), 4096))["pid"])).exists()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _holder(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 4096, 0))
        return f"process {holder['pid']} (`{holder['command']}`, since {holder['since']})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "unknown process"


def command_line() -> str:
    """The command line of this process, for the note in the lock file."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
