"""A child process and all processes that it starts, as one group. The group is watched until the
child ends, and then killed completely.

The log receives everything that the group prints. This module does not know what the child does.
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

_LOOK_S = 1.0  # the interval between checks of the written size
_DRAIN_S = 2.0  # how long to wait for the last output of a killed group
_CHUNK_BYTES = 65536


def nothing() -> None:
    """Kill nothing: no other processes are known."""


class Groups:
    """The groups that one executor runs. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Group] = set()

    def add(self, group: "Group") -> None:
        """Remember a group that was started."""
        with self._lock:
            self._running.add(group)

    def reap(self, group: "Group") -> None:
        """Forget a group, and wait for its child: until then its number is not given away."""
        with self._lock:
            self._running.discard(group)
            group.process.wait()

    def stop_all(self) -> None:
        """Kill every running group, from any thread. Its job then ends with an error."""
        with self._lock:
            for group in self._running:
                group.stopped = True
                group.kill()


class Group:
    """A started child and its group, which is killed completely on exit.

    The number of a group is unique until the child is reaped, so `kill` cannot hit another group.
    Another thread kills it through `Groups.stop_all`."""

    def __init__(self, process: "Popen[bytes]", groups: Groups,
                 kill_rest: Callable[[], None] = nothing,
                 held_bytes: Callable[[], int] = int) -> None:
        """`kill_rest` kills the processes that left the process group, if they are known.
        `held_bytes` returns the bytes in in-memory directories, which count as written."""
        assert process.stdout is not None
        self.process, self.stdout, self._kill_rest = process, process.stdout, kill_rest
        self.held_bytes = held_bytes
        self.stopped = self.cancelled = False
        self._groups = groups
        os.set_blocking(self.stdout.fileno(), False)
        groups.add(self)

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        self.stdout.close()
        self._groups.reap(self)

    def kill(self) -> None:
        """Kill all processes of the group. A group that has ended is no error."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._kill_rest()


def watch(
    group: Group, log: Log, limits: Limits, folders: Sequence[Path], stop: Path | None = None
) -> tuple[bool, str]:
    """Write the group's output to the log until its child ends or exceeds a limit, or until the
    file `stop` exists, which `group.cancelled` then says. Then kill the group.

    Returns:
        Whether it ran longer than `limits.timeout_s`. And, in words, what it wrote too much, if
        `folders` and the in-memory directories together exceed `limits.output_mb` or the largest
        number of entries.
    """
    output, timed_out, too_large = group.stdout.fileno(), False, ""
    began = time.monotonic()
    deadline, look = began + limits.timeout_s if limits.timeout_s else float("inf"), began + _LOOK_S
    end = os.pidfd_open(group.process.pid)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    poll.register(output, select.POLLIN)
    try:
        while not timed_out and not too_large and not group.cancelled:
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
                group.cancelled = stop is not None and stop.exists()
        group.kill()
        _drain(output, log)
    finally:
        os.close(end)
    return timed_out, too_large


def _milliseconds(moment: float) -> int:
    """The milliseconds until a moment of the monotonic clock, rounded up."""
    return max(0, int(1000 * (moment - time.monotonic())) + 1)


def _copy(output: int, log: Log) -> bool:
    """Copy one chunk of the child's output to the log. Return whether there may be more."""
    try:
        chunk = os.read(output, _CHUNK_BYTES)
    except BlockingIOError:
        return True
    log.write(chunk)
    return bool(chunk)


def _drain(output: int, log: Log) -> None:
    """Copy the rest of the output until no process can write to it. Without bubblewrap, a
    process may have left the group, so the wait is limited to _DRAIN_S."""
    deadline = time.monotonic() + _DRAIN_S
    poll = select.poll()
    poll.register(output, select.POLLIN)
    while poll.poll(_milliseconds(deadline)) and _copy(output, log):
        pass


def _too_large(folders: Sequence[Path], held: int, limit_mb: int) -> str:
    """What is too much in the directories and the `held` bytes of memory, in words; empty if it is
    within the limits."""
    try:
        held += sum(map(trees.measure, folders))
    except trees.TooMuch:
        return f"more than {trees.MOST_ENTRIES} files and directories"
    return f"more than {limit_mb} MB" if 0 < limit_mb << 20 < held else ""
