"""The ledger of one run: opened when it is first needed, closed while others may exchange its files."""
import threading
from pathlib import Path

from platform.ledger.journal.journal import LedgerReader
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.balance import Book


class Billing:
    """Of one billing state. Safe for threads.

    `steady` is held by whoever needs the same ledger for more than one question, while other threads may exchange
    it for what the release has.
    """

    def __init__(self, folder: Path, ledger: Ledger | None = None, *, looks: bool = False) -> None:
        """`ledger`: one that is open already, on a disk or a clock of a test. `looks`: a run that
        posts nothing unless it asks for `ledger`; it needs no permission to write."""
        self._folder = folder
        self._lock = threading.RLock()
        self._ledger = ledger
        self._looks = looks
        self._reader: LedgerReader | None = None
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
    def history(self) -> LedgerReader:
        """What the ledger says. A run that only looks reads it as it was at its first question;
        any other run uses the open ledger. Raises as `Ledger.read`."""
        with self._lock:
            if self._ledger is not None or not self._looks:
                return self.ledger
            if self._reader is None:
                self._reader = Ledger.read(self._folder)
            return self._reader

    @property
    def book(self) -> Book:
        """The ledger's book; an empty one where there is no billing state."""
        return self.history.book if self.exists else Book()

    def create(self) -> Ledger:
        """The open ledger, created first where there is none."""
        with self._lock:
            if self._ledger is None:
                self._ledger = Ledger.create(self._folder)
            return self._ledger

    def close(self) -> None:
        """Let go of the files; the next question opens them again."""
        with self._lock:
            for opened in (self._ledger, self._reader):
                if opened is not None:
                    opened.close()
            self._ledger = self._reader = None
