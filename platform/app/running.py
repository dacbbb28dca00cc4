"""The running time of this process, and of the steps that another process runs."""
import os
import time
from pathlib import Path

from platform.app.order_locks import held_since
from platform.model.ids import StepId
from platform.run.records import fresh_dir

_CLOCKS_S = 60.0  # the possible difference between times of files on a shared disk


def running_s(runtime_dir: Path, step_id: StepId) -> float | None:
    """Seconds since a run started this attempt of a step; None if no run is at it.

    A directory that is clearly older than the lock on its order belongs to a killed run."""
    try:
        began = fresh_dir(runtime_dir, step_id).stat().st_mtime
    except OSError:
        return None
    taken = held_since(runtime_dir, step_id.order)
    if taken is None or began < taken - _CLOCKS_S:
        return None
    return max(0.0, time.time() - began)


def process_s() -> float:
    """Seconds since this process started, including waits. If the system does not provide the start
    time: seconds since this module was imported."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError, AttributeError):
        return time.monotonic() - _READ


_READ = time.monotonic()
