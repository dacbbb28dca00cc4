"""The orders that one run works on: when one is locked, left for later, and released.

    free, as the run read it    begin: locked until each purpose has ended
    another run holds it        begin: False; left for later
    free, and changed since     begin: False; left for later

A run never waits while it holds an order, so two runs cannot wait for each other. What was left is
left for the rest of the pass: a run that did a step of it and not the others would be a mixture.
"""
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Protocol

from platform.model.ids import OrderId


class Purpose(Enum):
    """Why a run holds an order. It is released when no purpose is left."""

    CHARGE = "its charge is posted"
    WORK = "its steps run, until it is settled"
    PUBLISH = "its packages are published"


class Locks(Protocol):
    """Locks that exclude other runs. This run may take one twice, and release it once."""

    def take_now(self, order: OrderId) -> bool: ...
    def release(self, order: OrderId) -> None: ...


class AtWork:
    """The orders of one pass. Thread-safe. `held`: orders that were locked before the repository
    was read, so that nothing about them can have changed since."""

    def __init__(self, locks: Locks, held: Collection[OrderId] = ()) -> None:
        self._locks = locks
        self._mutex = threading.RLock()
        self._held: dict[OrderId, set[Purpose]] = {order: {Purpose.WORK} for order in held}
        self.left: set[OrderId] = set()  # the orders for a later pass

    def holds(self, order: OrderId) -> bool:
        return order in self._held

    def begin(self, order: OrderId, purpose: Purpose, as_read: Callable[[OrderId], bool]) -> bool:
        """Hold the order until `end`; False if it is left for later.

        `as_read`: whether the order is still what this run has read. It is called when the lock
        was taken now."""
        with self._mutex:
            if order in self._held:
                self._held[order].add(purpose)
                return True
            if order not in self.left and self._taken(order, as_read):
                self._held[order] = {purpose}
                return True
            self.left.add(order)
            return False

    def end(self, order: OrderId, purpose: Purpose) -> None:
        """The order is not needed for this purpose any more."""
        with self._mutex:
            purposes = self._held.get(order)
            if purposes is None:
                return
            purposes.discard(purpose)
            if not purposes:
                del self._held[order]
                self._locks.release(order)

    @contextmanager
    def briefly(self, orders: Collection[OrderId], as_read: Callable[[OrderId], bool]
                ) -> Iterator[frozenset[OrderId]]:
        """Hold the free ones of the orders, to post their charges. The others are left."""
        got = [order for order in orders if self.begin(order, Purpose.CHARGE, as_read)]
        try:
            yield frozenset(got)
        finally:
            for order in got:
                self.end(order, Purpose.CHARGE)

    @contextmanager
    def if_free(self, orders: Collection[OrderId]) -> Iterator[frozenset[OrderId]]:
        """As `briefly`, for orders that the run has not read. The others are not left for later."""
        before = set(self.left)
        with self.briefly(orders, lambda _: True) as got:
            self.left = before
            yield got

    def release_all(self) -> None:
        """The end of the pass."""
        with self._mutex:
            for order in list(self._held):
                del self._held[order]
                self._locks.release(order)

    def _taken(self, order: OrderId, as_read: Callable[[OrderId], bool]) -> bool:
        if not self._locks.take_now(order):
            return False
        taken = False
        try:
            taken = as_read(order)
        finally:
            if not taken:
                self._locks.release(order)
        return taken
