"""One run at a time over a runtime folder: a second one says who holds it, and waits."""
import contextlib
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from platform import flock
from platform.errors import StorageError
from platform.model.utc import utc_text


def file(runtime_dir: Path) -> Path:
    """The lock of a folder, written when it is taken."""
    return runtime_dir / ".lock"


def acquire(runtime_dir: Path, command: str, say: Callable[[str], object]) -> int:
    """Hold the folder until `release(handle)` or the end of the process; waits while another run has it."""
    try:
        runtime_dir.mkdir(parents=True, exist_ok=True)
        handle = flock.open_lock(file(runtime_dir))
    except OSError as error:
        raise StorageError(f"{runtime_dir}: cannot be locked ({error.strerror}); mend the folder, run again") from error
    if not flock.take_now(handle):
        say(f"waiting for another run over {runtime_dir}/: {_holder(handle)}")
        flock.take(handle)
    holder = {"pid": os.getpid(), "command": command, "since": utc_text(datetime.now(UTC))}
    with contextlib.suppress(OSError):  # the note is for people; on a full disk the lock still holds
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
    return handle


def release(handle: int) -> None:
    """Let the next run in."""
    os.close(handle)


def is_held(runtime_dir: Path) -> bool:
    """Whether a run is at this folder. Asks the note in the lock, for taking the lock to ask would stop a run."""
    try:
        return Path("/proc", str(json.loads(file(runtime_dir).read_bytes())["pid"])).exists()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _holder(handle: int) -> str:
    try:
        holder = json.loads(os.pread(handle, 4096, 0))
        return f"process {holder['pid']} (`{holder['command']}`, since {holder['since']})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it does not say who"


def command_line() -> str:
    """How this process was called, for the note in the lock."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])
