"""Empty and remove a control group. Processes are killed by a handle, because a PID may be
reused."""

import contextlib
import os
import select
import signal
import time
from pathlib import Path

_PATIENCE_S = 5.0  # for processes that the kernel cannot end immediately
_PAUSE_S = 0.002


def empty(folder: Path) -> None:
    """Kill all processes in a group and its subgroups, and wait until they have ended. If possible,
    new processes are forbidden first, so that forks do not escape."""
    deadline = time.monotonic() + _PATIENCE_S
    for below in _groups(folder):
        _write(below / "pids.max", "0")
        _write(below / "cgroup.kill", "1")
        while (handles := _kill(below)) and time.monotonic() < deadline:
            _wait(handles, deadline)


def remove(folder: Path) -> None:
    """Empty a group, and remove it and its subgroups. If a group cannot be removed, the next run
    tries again."""
    if not folder.is_dir():
        return
    empty(folder)
    deadline = time.monotonic() + _PATIENCE_S
    for below in _groups(folder):
        while True:
            try:
                below.rmdir()
            except FileNotFoundError:
                break
            except OSError:  # the kernel is still removing the last process
                if time.monotonic() > deadline:
                    return
                time.sleep(_PAUSE_S)
                continue
            break


def _groups(folder: Path) -> list[Path]:
    """A group and its subgroups, the deepest first."""
    return [Path(base) for base, _, _ in os.walk(folder, topdown=False)]


def _members(folder: Path) -> list[int]:
    try:
        return [int(word) for word in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _kill(folder: Path) -> list[int]:
    """Kill the members, and return handles of them. Each PID is checked again after its handle was
    opened, because it may have been reused."""
    handles = {}
    for pid in _members(folder):
        with contextlib.suppress(ProcessLookupError):
            handles[pid] = os.pidfd_open(pid)
    members = set(_members(folder)) if handles else set()
    for pid, handle in handles.items():
        if pid in members:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
    return list(handles.values())


def _wait(handles: list[int], deadline: float) -> None:
    """Wait until all processes have ended or the deadline has passed. Close the handles."""
    for handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll(max(0, int(1000 * (deadline - time.monotonic()))))
        os.close(handle)


def _write(file: Path, text: str) -> None:
    """Write to a file of the kernel that not every version and hierarchy has."""
    with contextlib.suppress(OSError):
        handle = os.open(file, os.O_WRONLY)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)
