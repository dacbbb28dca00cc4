"""Threads that use one ledger: one at a time, and the thread whose turn it is does the work that
all others wait for.

The others wait next to it, not for it: a thread whose request was done in another one's batch
continues at once.

A Ctrl-C may come between any two calls. Three things follow. The locks are plain ones, which are
taken and released in one step each. A turn ends with an assignment, which nothing can interrupt. A
wake-up that is lost all the same delays a thread only for a moment. (threading.Condition is Python
code: an interrupt inside it leaves it locked.)
"""
import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

_LOST_WAKE_UP_S = 0.5


class Request(Protocol):
    """`done` is set by the thread that did it."""

    done: bool


_Asked = TypeVar("_Asked", bound=Request)
_Result = TypeVar("_Result")


class Turns(Generic[_Asked]):
    """The turns of one ledger. A forked child needs new ones, because the parent's threads do not
    exist there."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()  # held for a few steps only
        self._owner: int | None = None  # the thread whose turn it is
        self._waiting: list[_Asked] = []
        self._asleep: list[threading.Lock] = []

    def take(
        self, act: Callable[[Sequence[_Asked]], _Result], own: Sequence[_Asked] = ()
    ) -> _Result | None:
        """Run `act` on all requests that wait, alone among the threads; the result of `act`.

        None when another thread has done our own requests in the meantime. Requests of a batch that
        failed are tried again one by one. RuntimeError when the thread whose turn it is asks for
        another turn.
        """
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError(
                "a decision must not post, refresh or close the ledger that asked for it"
            )
        try:
            batch = self._batch(me, own)
            result = None if batch is None else act(batch)
        finally:
            if self._owner == me:
                self._owner = None
                self._wake()
        return result

    def _batch(self, me: int, own: Sequence[_Asked]) -> Sequence[_Asked] | None:
        """What to do when it is our turn, which it is then; None when there is nothing left."""
        with self._mutex:
            self._waiting += own
        while True:
            with self._mutex:
                batch, gate = self._look(me, own)
            if gate is None:
                return batch
            gate.acquire(timeout=_LOST_WAKE_UP_S)

    def _look(
        self, me: int, own: Sequence[_Asked]
    ) -> "tuple[Sequence[_Asked] | None, threading.Lock | None]":
        """As `_batch`; or else the gate at which to wait."""
        if own and all(request.done for request in own):
            return None, None
        if self._owner is None:
            self._owner = me
            return self._taken(own), None
        gate = threading.Lock()
        gate.acquire()
        self._asleep.append(gate)
        return None, gate

    def _taken(self, own: Sequence[_Asked]) -> Sequence[_Asked]:
        if not own:
            return own
        batch, self._waiting = self._waiting, []
        return batch if own[0] in batch else own

    def _wake(self) -> None:
        with self._mutex:
            asleep, self._asleep = self._asleep, []
        for gate in asleep:
            gate.release()
