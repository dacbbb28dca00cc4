"""Emptying and removing a control group. Processes are killed by a handle: a number may be reused
meanwhile."""

import contextlib
import os
import select
import signal
import time
from pathlib import Path

_PATIENCE_S = 5.0  # for processes that the kernel cannot end at once
_PAUSE_S = 0.002


def empty(folder: Path) -> None:
    """Kill everybody in a group and in those below it, and wait until they have ended. Forks do not
    win: first, no process may be made any more, where that can be said."""
    deadline = time.monotonic() + _PATIENCE_S
    for below in _groups(folder):
        _write(below / "pids.max", "0")
        _write(below / "cgroup.kill", "1")
        while (handles := _kill(below)) and time.monotonic() < deadline:
            _wait(handles, deadline)


def remove(folder: Path) -> None:
    """Empty a group and remove it with those below it. One that stays, stays for the next run to
    clear up."""
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
            except OSError:  # the kernel is still taking the last one out
                if time.monotonic() > deadline:
                    return
                time.sleep(_PAUSE_S)
                continue
            break


def _groups(folder: Path) -> list[Path]:
    """A group and those below it, the deepest first."""
    return [Path(base) for base, _, _ in os.walk(folder, topdown=False)]


def _members(folder: Path) -> list[int]:
    try:
        return [int(word) for word in (folder / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _kill(folder: Path) -> list[int]:
    """Kill the members; handles of those that still run. A number that was free for a moment is
    looked up again."""
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
    """Until all of them have ended, or the deadline; closes them."""
    for handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll(max(0, int(1000 * (deadline - time.monotonic()))))
        os.close(handle)


def _write(file: Path, text: str) -> None:
    """Tell the kernel something that not every version and hierarchy has a file for."""
    with contextlib.suppress(OSError):
        handle = os.open(file, os.O_WRONLY)
        try:
            os.write(handle, text.encode())
        finally:
            os.close(handle)
