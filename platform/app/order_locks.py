"""The locks of orders in a runtime directory: one file, and a byte of it for each order.

    runtime/.orders/lock                     the file whose bytes are locked; it stays empty
    runtime/.orders/<tenant>.<order>.json    who holds the order, while it is held

The kernel releases a lock when its process ends, in whatever way. A note that a killed process left
says nothing about the lock, and the next holder replaces it.
"""
import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from platform import flock, owned
from platform.app.holder import Holder, read_holder, this_process
from platform.confined import Folder, Refused, opened, read_file
from platform.errors import StorageError
from platform.model.ids import OrderId

_FOLDER, _NAME = ".orders", "lock"
_INDEX = 1 << 62  # the byte for cache_index.csv; orders have the bytes below it
_LOOK_S = 0.1  # how often a process that waits for several orders looks


class OrderLocks:
    """The locks of one process. Nothing is opened before the first one is taken.

    Every method raises Displaced for a link in the place of the files, and StorageError when the
    disk refuses."""

    def __init__(self, runtime_dir: Path, command: str) -> None:
        self._runtime_dir, self._command = runtime_dir, command
        self._folder: Folder | None = None
        self._handle = -1

    def take_now(self, order: OrderId) -> bool:
        """Lock the order; False if another process holds it. An order that is held stays so."""
        with self._refusals():
            folder = self._opened()
            if not flock.take_part_now(self._handle, _place(order)):
                return False
            with contextlib.suppress(OSError):  # the note only informs users
                _write(folder, _note(order), this_process(self._command).as_bytes())
        return True

    def release(self, order: OrderId) -> None:
        """Let the next process have the order."""
        if self._folder is not None:
            with self._refusals():
                with contextlib.suppress(OSError):
                    os.unlink(_note(order), dir_fd=self._folder.handle)
                flock.release_part(self._handle, _place(order))

    def wait(self, orders: Collection[OrderId], say: Callable[[str], object]) -> set[OrderId]:
        """Lock those of the orders that are free as soon as at least one is. Prints the holder
        first, once. The caller holds no order."""
        taken = {order for order in sorted(orders) if self.take_now(order)}
        if not taken:
            say(f"waiting for another run over {self._holders(sorted(orders))}")
        while not taken:
            time.sleep(_LOOK_S)
            taken = {order for order in sorted(orders) if self.take_now(order)}
        return taken

    def wait_for_all(self, orders: Collection[OrderId], say: Callable[[str], object]) -> None:
        """Lock all of the orders. While one of them is held, all others stay free for everybody."""
        taken: list[OrderId] = []
        todo = sorted(orders)
        while todo:
            order = todo.pop(0)
            if not self.take_now(order):
                for each in taken:
                    self.release(each)
                self.wait([order], say)
                todo, taken = sorted({*todo, *taken}), []
            taken.append(order)

    @contextmanager
    def index(self) -> Iterator[None]:
        """The short lock for listing the cached results and replacing their index."""
        with self._refusals():
            self._opened()
            flock.take_part(self._handle, _INDEX)
        try:
            yield
        finally:
            flock.release_part(self._handle, _INDEX)

    def close(self) -> None:
        """Release everything."""
        if self._folder is not None:
            os.close(self._handle)
            self._folder.__exit__()
            self._folder, self._handle = None, -1

    def _opened(self) -> Folder:
        if self._folder is None:
            with owned.owned(self._runtime_dir, _FOLDER, make=True) as folder:
                self._handle = owned.writing(folder, _NAME, os.O_RDWR)
                self._folder = Folder(os.dup(folder.handle), folder.named(""))
        return self._folder

    def _holders(self, orders: list[OrderId]) -> str:
        more = f", and {len(orders) - 1} more" if len(orders) > 1 else ""
        first = holder(self._runtime_dir, orders[0]) or "unknown process"
        return f"{orders[0]}: {first}{more}"

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except Refused as error:
            raise owned.storage_error(self._runtime_dir / _FOLDER, "be locked", error) from error
        except OSError as error:
            raise StorageError(f"{self._runtime_dir / _FOLDER}: cannot be locked "
                               f"({error.strerror}); repair the directory, then run again"
                               ) from error


def holder(runtime_dir: Path, order: OrderId) -> Holder | None:
    """Who says that it holds the order; None if nobody does."""
    try:
        return read_holder(read_file(runtime_dir / _FOLDER / _note(order), Holder.LARGEST))
    except OSError:
        return None


def held_since(runtime_dir: Path, order: OrderId) -> float | None:
    """When the process that holds the order now took it, in seconds of the file system's clock;
    None if nobody holds it. Takes no lock and writes nothing."""
    try:
        with opened(runtime_dir / _FOLDER / _NAME) as handle:
            if not flock.is_part_taken(handle, _place(order)):
                return None
        return (runtime_dir / _FOLDER / _note(order)).stat().st_mtime
    except OSError:
        return None


def _place(order: OrderId) -> int:
    """The order's byte. Two orders with the same one would only wait for each other."""
    return int.from_bytes(hashlib.sha256(str(order).encode()).digest()[:8]) >> 2


def _note(order: OrderId) -> str:
    return f"{order.tenant_id}.{order.work_order_id}.json"


def _write(folder: Folder, name: str, data: bytes) -> None:
    handle = owned.writing(folder, name, os.O_WRONLY)
    try:
        os.pwrite(handle, data, 0)
    finally:
        os.close(handle)
