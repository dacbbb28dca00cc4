"""How long this process has been running, and which steps a run of another process is at, and for how long."""
import os
import time
from pathlib import Path

from platform.app import lock
from platform.model.ids import StepId
from platform.run.records import fresh_dir

_CLOCKS_S = 60.0  # by which the times of a folder and of the lock may differ on a shared disk


def running_s(runtime_dir: Path, step_id: StepId) -> float | None:
    """Seconds for which a run has been at this try of a step; None when none is at it. A folder that is clearly older
    than the run that holds the lock was left behind by one that was killed."""
    try:
        began = fresh_dir(runtime_dir, step_id).stat().st_mtime
        taken = lock.file(runtime_dir).stat().st_mtime
    except OSError:
        return None
    return max(0.0, time.time() - began) if began >= taken - _CLOCKS_S and lock.is_held(runtime_dir) else None


def process_s() -> float:
    """Seconds since this process was started, waiting included; since this file was read where the system does not
    say when that was."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _READ


_READ = time.monotonic()
