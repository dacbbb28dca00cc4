"""Numbered pieces of work, done by forked children beside us; when our own part is done, by us as well.

Who is free takes the next number out of a pipe, as make's jobs take their tokens. A child that was killed loses
nothing: what it did not bring is done here.
"""
import os
import signal
import struct
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Generic, Self, TypeVar

_NUMBER = struct.Struct("<I")  # a read of so many bytes from a pipe gets them all, or none at its end
MOST = 4096 // _NUMBER.size  # what a pipe holds at least, also one of somebody who has many
_Result = TypeVar("_Result")


class Crew(Generic[_Result]):
    """`work(number)` for each number below `count`, which the children see as it was when the crew was made. It must
    raise nothing. Whatever is not done at the end of `with` is given up."""

    def __init__(self, work: Callable[[int], _Result], count: int) -> None:
        if count > MOST:
            raise ValueError(f"{count} pieces of work, {MOST} are all")
        self._work, self._count = work, count
        self._numbers, give = os.pipe()
        os.write(give, b"".join(map(_NUMBER.pack, range(count))))
        os.close(give)
        self._children: list[tuple[BaseProcess, Connection]] = []
        with suppress(OSError):  # no process or handle is left for another child: the others do it, or we
            for _ in range(_children_for(count)):
                self._children.append(self._hired())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._numbers)
        for child, ours in self._children:
            child.kill()
            child.join()
            ours.close()

    def results(self) -> list[_Result]:
        """All of them, in order."""
        found = self._take_part()
        for _, ours in self._children:
            with suppress(EOFError, OSError):  # it was killed, maybe in the middle of a word
                found.update(ours.recv())
        return [found[number] if number in found else self._work(number) for number in range(self._count)]

    def _hired(self) -> tuple[BaseProcess, Connection]:
        context = get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=self._bring, args=(theirs,), daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a Ctrl-C is for us; we end the children
        try:
            child.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        return child, ours

    def _bring(self, theirs: Connection) -> None:
        theirs.send(self._take_part())

    def _take_part(self) -> dict[int, _Result]:
        done = {}
        while token := os.read(self._numbers, _NUMBER.size):
            number, = _NUMBER.unpack(token)
            done[number] = self._work(number)
        return done


def _children_for(count: int) -> int:
    """One less than the processors, or than the pieces; none for whom multiprocessing allows none."""
    return 0 if current_process().daemon else min(len(os.sched_getaffinity(0)), count) - 1
