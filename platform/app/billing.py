"""The ledger of one run: opened when it is first needed, closed while others may exchange its files."""
import threading
from pathlib import Path

from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.balance import Book


class Billing:
    """Of one billing state. Safe for threads.

    `steady` is held by whoever needs the same ledger for more than one question, while other threads may exchange
    it for what the release has.
    """

    def __init__(self, folder: Path, ledger: Ledger | None = None) -> None:
        """`ledger`: one that is open already, on a disk or a clock of a test."""
        self._folder = folder
        self._lock = threading.RLock()
        self._ledger = ledger
        self.steady = threading.RLock()

    @property
    def exists(self) -> bool:
        """Whether the billing state exists; this question creates nothing."""
        return Ledger.exists(self._folder)

    @property
    def is_open(self) -> bool:
        """Whether this run has used the ledger since it was last closed."""
        return self._ledger is not None

    @property
    def ledger(self) -> Ledger:
        """The open ledger. As `Ledger.open` it raises for a state that is missing or damaged."""
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.open(self._folder)
            return self._ledger

    @property
    def book(self) -> Book:
        """The ledger's book; an empty one where there is no billing state."""
        return self.ledger.book if self.exists else Book()

    def create(self) -> Ledger:
        """The open ledger, created first where there is none."""
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.create(self._folder)
            return self._ledger

    def close(self) -> None:
        """Let go of the files; the next question opens them again."""
        with self._lock:
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
