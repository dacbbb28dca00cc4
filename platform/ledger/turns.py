"""Threads at one folder: one at a time, and whoever's turn it is does what all the others wait for.

They wait beside the one that is at work, not for it: whose request was done in another one's batch goes on at once.
"""
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Request(Protocol):
    """`done` is set by whoever did it."""

    done: bool


_Request = TypeVar("_Request", bound=Request)


class Turns(Generic[_Request]):
    """Not for forked children: whoever was at work in the parent is not there. They need their own."""

    def __init__(self) -> None:
        self._turn = threading.Condition(threading.Lock())
        self._busy = False
        self._waiting: list[_Request] = []

    @contextmanager
    def taken(self, own: Sequence[_Request] = ()) -> Iterator[Sequence[_Request]]:
        """Alone among the threads, with all requests that wait; none, and not alone, when another thread has done our
        own meanwhile. Those that a batch which broke off had taken are tried again by themselves."""
        mine, batch = False, own[:0]
        try:
            with self._turn:
                self._waiting += own
                while self._busy and not _are_done(own):
                    self._turn.wait()
                if not _are_done(own):
                    mine = self._busy = True
                    batch = self._take(own)
            yield batch
        finally:
            if mine:
                with self._turn:
                    self._busy = False
                    self._turn.notify_all()

    def _take(self, own: Sequence[_Request]) -> Sequence[_Request]:
        if not own:
            return own
        batch, self._waiting = self._waiting, []
        return batch if own[0] in batch else own


def _are_done(requests: Sequence[Request]) -> bool:
    return bool(requests) and all(request.done for request in requests)
