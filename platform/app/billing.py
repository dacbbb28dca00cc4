"""The ledger of one run. It is opened when first needed, and closed while its files are
replaced."""
import threading
from pathlib import Path

from platform.ledger.journal.journal import LedgerReader
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.balance import Book


class Billing:
    """Access to one billing state. Thread-safe.

    Hold `steady` while several queries need the same ledger. Without it, another thread may replace
    the ledger with the release's between two queries.
    """

    def __init__(self, folder: Path, ledger: Ledger | None = None, *, looks: bool = False) -> None:
        """`ledger`: a ledger that is already open, for example on a test's disk or clock.

        `looks`: the run reads. It needs no permission to write, unless it uses `ledger` to post."""
        self._folder = folder
        self._lock = threading.RLock()
        self._ledger = ledger
        self._looks = looks
        self._reader: LedgerReader | None = None
        self.steady = threading.RLock()

    @property
    def exists(self) -> bool:
        """Whether the billing state exists. This query creates nothing."""
        return Ledger.exists(self._folder)

    @property
    def is_open(self) -> bool:
        """Whether this run has used the ledger since it was last closed."""
        return self._ledger is not None

    @property
    def ledger(self) -> Ledger:
        """The open ledger. Raises the errors of `Ledger.open` if the state is missing or
        damaged."""
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.open(self._folder)
            return self._ledger

    @property
    def history(self) -> LedgerReader:
        """The ledger for reading. Raises the errors of `Ledger.read`.

        A read-only run reads the ledger as it was at the first query. Any other run uses the open
        ledger."""
        with self._lock:
            if self._ledger is not None or not self._looks:
                return self.ledger
            if self._reader is None:
                self._reader = Ledger.read(self._folder)
            return self._reader

    @property
    def book(self) -> Book:
        """The ledger's book; an empty book if no billing state exists."""
        return self.history.book if self.exists else Book()

    def see_newest(self) -> None:
        """Read what other processes have posted since. Raises the errors of `history`."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.refresh()
            elif self._reader is not None:
                self._reader.close()
                self._reader = None

    def create(self) -> Ledger:
        """The open ledger. It is created if it does not exist."""
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.create(self._folder)
            return self._ledger

    def close(self) -> None:
        """Close the files. The next query opens them again."""
        with self._lock:
            for opened in (self._ledger, self._reader):
                if opened is not None:
                    opened.close()
            self._ledger = self._reader = None
