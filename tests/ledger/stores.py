"""A second JournalStore, the ledger's test double: one row a line in SQLite, as a database would keep them."""
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from platform.ledger.journal.record import START
from platform.ports.journal_store import JournalHead, Rewritten


class MemoryStore:
    """Rows in a database in memory, shared by the threads of this process."""

    name = "memory"

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rows = sqlite3.connect(":memory:", check_same_thread=False)
        self._rows.execute("CREATE TABLE line (seq INTEGER PRIMARY KEY, hash TEXT, bytes INTEGER, line BLOB)")

    def lock(self) -> AbstractContextManager[object]:
        return self._lock

    def head(self) -> JournalHead:
        row = self._rows.execute("SELECT seq, hash, bytes FROM line ORDER BY seq DESC LIMIT 1").fetchone()
        return JournalHead(*row) if row else START

    def read(self, after: JournalHead, upto: JournalHead | None = None) -> Iterator[bytes]:
        if after != START and self._rows.execute("SELECT 1 FROM line WHERE (seq, hash, bytes) = (?, ?, ?)",
                                                 after).fetchone() is None:
            raise Rewritten(f"there is no line {after}")
        last = (upto or self.head()).seq
        return (line for (line,) in self._rows.execute(
            "SELECT line FROM line WHERE seq > ? AND seq <= ? ORDER BY seq", (after.seq, last)).fetchall())

    def append(self, lines: Sequence[bytes], after: JournalHead) -> None:
        assert after == self.head(), "the caller holds the lock and has read every line"
        with self._rows:
            for line in lines:
                after = JournalHead(after.seq + 1, line[-65:-1].decode(), after.bytes + len(line))
                self._rows.execute("INSERT INTO line VALUES (?, ?, ?, ?)", (*after, line))

    def sync(self, upto: JournalHead) -> None:
        """Nothing here outlives the process."""

    def close(self) -> None:
        """The rows stay."""
