"""The lock of a runtime directory. Runs share it, and each order has its own (`order_locks`). A
command that no run may meet takes it alone. Whoever must wait prints the holder."""
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from platform import flock
from platform.app.holder import Holder, read_holder, this_process
from platform.confined import Refused
from platform.errors import StorageError
from platform.owned import owned, storage_error, writing

_NAME = ".lock"


def file(runtime_dir: Path) -> Path:
    """The path of a directory's lock file, which is written when the lock is acquired."""
    return runtime_dir / _NAME


def acquire(runtime_dir: Path, command: str, say: Callable[[str], object], *, shared: bool = False
            ) -> int:
    """Lock the directory until `release(handle)` or the end of the process. Waits for others.

    Raises:
        Displaced: the directory or the lock is a link.
        StorageError: the lock cannot be created.
    """
    try:
        with owned(runtime_dir, make=True) as folder:
            handle = writing(folder, _NAME, os.O_RDWR)
    except Refused as error:
        raise storage_error(file(runtime_dir), "be locked", error) from error
    except OSError as error:
        raise StorageError(f"{runtime_dir}: cannot be locked ({error.strerror}); repair the "
                           "directory, then run again") from error
    try:
        if not flock.take_now(handle, shared=shared):
            said = read_holder(os.pread(handle, Holder.LARGEST, 0))
            say(f"waiting for another run over {runtime_dir}/: {said or 'unknown process'}")
            flock.take(handle, shared=shared)
        # The note only informs users. On a full disk, the lock works without it.
        with contextlib.suppress(OSError):
            os.pwrite(handle, this_process(command).as_bytes(), 0)
    except BaseException:
        os.close(handle)
        raise
    return handle


def release(handle: int) -> None:
    """Release the lock, so that the next run can start."""
    os.close(handle)
