"""Writes one invocation to the history. It raises every OSError; the caller decides what a history
that cannot be written means for the run."""
import os
from pathlib import Path

from msgspec.json import Encoder

from platform import flock
from platform.confined import read_file
from platform.history.files import (
    BLOBS,
    DAY_INDEX,
    HISTORY,
    add_line,
    keep_bytes,
    open_lines,
    tasks_name,
)
from platform.model.history import Attempt, Invocation
from platform.owned import exists, owned

_ENCODER = Encoder()
_LARGEST_LOG = 1 << 26  # bytes; a step's log is far smaller
_LOG = "log.txt"


def read_log(folder: Path) -> bytes:
    """The log in a step's directory; empty if there is none that can be read."""
    try:
        return read_file(folder / _LOG, _LARGEST_LOG)
    except OSError:  # a link, or nothing: the step's own error says so
        return b""


class Writer:
    """The history of one invocation. Not safe for threads.

    The file of its tasks is locked as long as this object is open, so that others see whether the
    process still exists, even after a restart of the machine."""

    def __init__(self, runtime_dir: Path, invocation_id: str, day: str) -> None:
        self._runtime_dir, self._id, self._day = runtime_dir, invocation_id, day
        self._tasks = -1
        self.is_first_of_day = False

    def began(self, invocation: Invocation) -> None:
        """The first task begins."""
        self._tasks = self._open(tasks_name(self._id))
        flock.take_now(self._tasks)
        self._index(invocation)

    def continued(self) -> bool:
        """Continue the history of an invocation whose process has ended; False if another process
        has begun to."""
        self._tasks = self._open(tasks_name(self._id))
        return flock.take_now(self._tasks)

    def task(self, attempt: Attempt) -> None:
        """A step began, or a task ended."""
        add_line(self._tasks, _ENCODER.encode(attempt))

    def keep(self, data: bytes) -> str:
        """Keep a record or a log; its digest."""
        with owned(self._runtime_dir, HISTORY, self._day, BLOBS, make=True) as blobs:
            return keep_bytes(blobs, data)

    def ended(self, invocation: Invocation) -> None:
        """The invocation ends. One without tasks leaves this one line."""
        self._index(invocation)

    def close(self) -> None:
        if self._tasks >= 0:
            os.close(self._tasks)
            self._tasks = -1

    def _index(self, invocation: Invocation) -> None:
        handle = self._open(DAY_INDEX)
        try:
            add_line(handle, _ENCODER.encode(invocation))
        finally:
            os.close(handle)

    def _open(self, name: str) -> int:
        with owned(self._runtime_dir, HISTORY, self._day, make=True) as day:
            self.is_first_of_day = self.is_first_of_day or not exists(day, DAY_INDEX)
            return open_lines(day, name)
