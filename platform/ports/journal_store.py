"""JournalStore: where the lines of a ledger's journal are kept.

The ledger verifies every line itself: its hash, its place in the chain, and the rules of money. A
store therefore keeps bytes and knows no rule. Today's adapter is a directory of files
(`ledger/journal/file_store.py`). A database is another: one row for each line.
"""
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol


class JournalHead(NamedTuple):
    """One line of a journal, as a position: the line and everything before it."""

    seq: int  # the line's number, from 1; 0 before the first line
    hash: str  # the line's own hash, 64 hexadecimal digits
    # size of the journal as a file up to the line's end, header and line breaks included
    bytes: int


class Rewritten(Exception):
    """The store does not contain the line after which it was asked to read."""


class JournalStore(Protocol):
    """An append-only sequence of lines, with one writer at a time.

    A line is bytes that end in one line break. The store returns every line exactly as it was
    appended. It raises StorageError when the medium fails, CorruptError when what it finds cannot
    be a journal, and StaleError when the journal does not exist.
    """

    @property
    def name(self) -> str:
        """What error messages call the journal, for example its path."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """The exclusive lock of all writers, in this process and in others. Entering it waits."""
        ...

    def head(self) -> JournalHead:
        """The newest whole line, as it describes itself. Needs no lock."""
        ...

    def read(self, after: JournalHead, upto: JournalHead | None = None) -> Iterator[bytes]:
        """The lines that follow `after`, in order.

        `upto` is the last line to return, one that this object has returned before; such a read
        needs no lock. Without `upto` all lines are returned, and the caller holds the lock or only
        reads. Rewritten, before the first line, when `after` is not a line of this store.
        """
        ...

    def append(self, lines: Sequence[bytes], after: JournalHead) -> None:
        """Add lines after `after`, the newest line: all of them durably, or none.

        The caller holds the lock. After StorageError from a write, the store is as it was before.
        After StorageError from making the write durable, this object accepts no more lines.
        """
        ...

    def sync(self, upto: JournalHead) -> None:
        """Make every line up to `upto` durable, also those of other processes. StorageError when it
        fails."""
        ...

    def close(self) -> None:
        """Release handles. The store opens them again when they are needed."""
        ...
