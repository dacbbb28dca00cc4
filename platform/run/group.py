"""A child process and all that it starts, as one group: watched until it ends, and nothing of it
left behind.

The log has everything that was printed. Nothing here knows what the child does.
"""
import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from platform import trees
from platform.model.profile import Limits
from platform.run.log import Log

if TYPE_CHECKING:
    from subprocess import Popen

_LOOK_S = 1.0  # how often the size of what was written is looked at
_DRAIN_S = 2.0  # how long to wait for the last words of a killed group
_CHUNK_BYTES = 65536


def nothing() -> None:
    """Nobody else is known."""


class Group:
    """A started child and its group, all of it gone on exit. The number of a group is its own until
    it is reaped, so `kill` can hit nobody else: whoever kills from another thread holds the
    lock."""

    def __init__(self, process: "Popen[bytes]", kill_rest: Callable[[], None] = nothing,
                 held_bytes: Callable[[], int] = int) -> None:
        """`kill_rest` ends those who left the process group, where somebody knows them;
        `held_bytes` says what is kept in memory and counts as written."""
        assert process.stdout is not None
        self.process, self.stdout, self._kill_rest = process, process.stdout, kill_rest
        self.held_bytes = held_bytes
        self.stopped = False
        os.set_blocking(self.stdout.fileno(), False)
        with _lock:
            _running.add(self)

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.stdout.close()
        with _lock:
            _running.discard(self)
            self.process.wait()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._kill_rest()


_lock = threading.Lock()
_running: set[Group] = set()


def stop_all() -> None:
    """Kill every group of this process that still runs, from any thread; its job then ends in an
    error."""
    with _lock:
        for group in _running:
            group.stopped = True
            group.kill()


def watch(group: Group, log: Log, limits: Limits, folders: Sequence[Path]) -> tuple[bool, str]:
    """Write what the group prints into the log, until its child ends or must end, and nothing of
    the group is left.

    Whether it ran longer than `limits.timeout_s`, and in words what of it was too much when
    `folders` and what is kept in memory together held more than `limits.output_mb`, or more
    entries than anybody will look at.
    """
    output, timed_out, too_large = group.stdout.fileno(), False, ""
    began = time.monotonic()
    deadline, look = began + limits.timeout_s if limits.timeout_s else float("inf"), began + _LOOK_S
    end = os.pidfd_open(group.process.pid)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    poll.register(output, select.POLLIN)
    try:
        while not timed_out and not too_large:
            ready = {handle for handle, _ in poll.poll(_milliseconds(min(deadline, look)))}
            if output in ready and not _copy(output, log):
                poll.unregister(output)
            if end in ready:
                break
            now = time.monotonic()
            timed_out = now >= deadline
            if now >= look:
                look = now + _LOOK_S
                too_large = _too_large(folders, group.held_bytes(), limits.output_mb)
        group.kill()
        _drain(output, log)
    finally:
        os.close(end)
    return timed_out, too_large


def _milliseconds(moment: float) -> int:
    """Until a moment of the monotonic clock, rounded up."""
    return max(0, int(1000 * (moment - time.monotonic())) + 1)


def _copy(output: int, log: Log) -> bool:
    """One chunk of what the child printed into the log; whether there may be more."""
    try:
        chunk = os.read(output, _CHUNK_BYTES)
    except BlockingIOError:
        return True
    log.write(chunk)
    return bool(chunk)


def _drain(output: int, log: Log) -> None:
    """The last words, until everybody who could write is gone. Who left the group, without
    bubblewrap, is not waited for longer than _DRAIN_S."""
    deadline = time.monotonic() + _DRAIN_S
    poll = select.poll()
    poll.register(output, select.POLLIN)
    while poll.poll(_milliseconds(deadline)) and _copy(output, log):
        pass


def _too_large(folders: Sequence[Path], held: int, limit_mb: int) -> str:
    """What is too much below the folders and in the `held` bytes of memory, in words, or nothing."""
    try:
        held += sum(map(trees.measure, folders))
    except trees.TooMuch:
        return f"more than {trees.MOST_ENTRIES} files and directories"
    return f"more than {limit_mb} MB" if 0 < limit_mb << 20 < held else ""
