"""Numbered pieces of work, done by forked children and by this process when it has nothing else to
do.

A free process takes the next number from a pipe, as make's jobs take their tokens. When a child is
killed, nothing is lost: this process does the work that the child did not return.
"""
import fcntl
import os
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, Self, TypeVar

# a read of so many bytes from a pipe gets them all, or none at its end
_NUMBER = struct.Struct("<I")
MOST = 4096 // _NUMBER.size  # what a pipe holds at least, also one of somebody who has many
_ROOM = 1 << 20  # bytes of results that a child may be ahead of us
_Result = TypeVar("_Result")


class Crew(Generic[_Result]):
    """Call `work(number)` for each number below `count`. The children see values as they were when
    the crew was made. `work` must not raise. Work that is not done at the end of `with` is given
    up. ValueError for a `count` above MOST."""

    def __init__(self, work: Callable[[int], _Result], count: int) -> None:
        if count > MOST:
            raise ValueError(f"{count} pieces of work, {MOST} are all")
        self._work, self._count = work, count
        self._numbers, give = os.pipe()
        os.write(give, b"".join(map(_NUMBER.pack, range(count))))
        os.close(give)
        self._children: list[tuple[BaseProcess, Connection]] = []
        # no process or handle is left for another child: the others do it, or we
        with suppress(OSError):
            for _ in range(_children_for(count)):
                self._children.append(self._hired())
        self._bringing = [ours for _, ours in self._children]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._numbers)
        for child, ours in self._children:
            child.kill()
            child.join()
            ours.close()

    def __iter__(self) -> Iterator[_Result]:
        """All results in order, each as soon as it and all before it are known. Iterate once."""
        found: dict[int, _Result] = {}
        for number in range(self._count):
            while number not in found:
                if self._bring(found, wait_s=0):
                    continue
                mine = self._next()
                if mine is None and not self._bringing:  # a child was killed over it
                    mine = number
                if mine is None:
                    self._bring(found, wait_s=None)
                else:
                    found[mine] = self._work(mine)
            yield found.pop(number)

    def _bring(self, found: dict[int, _Result], wait_s: float | None) -> bool:
        """Take what children have ready; whether any had."""
        ready = wait(self._bringing, wait_s) if self._bringing else []
        for ours in ready:
            assert isinstance(ours, Connection)
            try:
                number, result = ours.recv()
                found[number] = result
            except (EOFError, OSError):  # it is done, or was killed, maybe in the middle of a word
                self._bringing.remove(ours)
        return bool(ready)

    def _next(self) -> int | None:
        token = os.read(self._numbers, _NUMBER.size)
        return _NUMBER.unpack(token)[0] if token else None

    def _hired(self) -> tuple[BaseProcess, Connection]:
        context = get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        with suppress(OSError):  # it may be as it is
            fcntl.fcntl(theirs.fileno(), fcntl.F_SETPIPE_SZ, _ROOM)
        child = context.Process(target=self._serve, args=(theirs,), daemon=True)
        # a Ctrl-C is for us; we end the children
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            child.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return child, ours

    def _serve(self, theirs: Connection) -> None:
        while (number := self._next()) is not None:
            theirs.send((number, self._work(number)))


def _children_for(count: int) -> int:
    """One less than the processors, or than the pieces; none for whom multiprocessing allows none.
    """
    return 0 if current_process().daemon else min(len(os.sched_getaffinity(0)), count) - 1
