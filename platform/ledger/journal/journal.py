"""The lines of a journal as one process has read them: verified, and added up to a book.

`Journal` takes no lock. A caller that reads new lines to post, or writes, holds the store's lock.
It works over any JournalStore. `LedgerReader` is a journal at one moment.
"""
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from platform.errors import ConflictError, CorruptError
from platform.ledger.journal.record import START, BadRecord, Record, decode, encode
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Kept, kept_of
from platform.model.entry import Post
from platform.model.words import counted
from platform.ports.journal_store import JournalHead, JournalStore, Rewritten

_KIND = 4  # the kind's field of a line; no field before it contains a comma


class Prepared(NamedTuple):
    """A post that was found to be new, in the form in which readers of its line will see it."""

    post: Post
    body: bytes  # its JSON
    kept: Kept


class Exports:
    """What is derived from a journal and kept next to it, such as tables. This class keeps
    nothing."""

    def begin(self) -> tuple[Book, JournalHead]:
        """A book to start from and the line up to which it is the book: at first an empty one."""
        return Book(), START

    def added(self, line: bytes, record: Record, head: JournalHead) -> None:
        """A line was read or written, and its post is in the book. `head` is the position of that
        line. CorruptError to refuse it."""

    def caught_up(self, head: JournalHead) -> None:
        """Every line was read, up to `head`. CorruptError when lines are missing."""

    def before_posts(self, journal: "Journal") -> None:
        """Posts are about to be judged. CorruptError when an export makes that unsafe."""

    def checkpoint(self, journal: "Journal", *, believing: bool) -> None:
        """Bring the exports up to date, durably."""


class Journal:
    """`book` is replaced, not changed back, when the journal has to be read again."""

    def __init__(self, store: JournalStore, exports: Exports) -> None:
        self.book, self.head = Book(), START
        self._store, self._exports = store, exports
        self._broken_off = True  # at first, while state changes, and therefore after a Ctrl-C
        self._lost = ""  # why nothing is posted any more: posts that were read are gone

    @property
    def name(self) -> str:
        """What error messages call the journal."""
        return self._store.name

    def forget(self) -> None:
        """Release handles and read everything again when asked: after a fork or an interruption."""
        self._broken_off = True
        self.book, self.head = Book(), START
        self._store.close()

    def catch_up(self) -> None:
        """Read what was written since the last look, by any process.

        CorruptError with the line for damage, StorageError when the store fails. ConflictError, now
        and from now on, when another process replaced the journal by one that lacks posts which
        this one has read.
        """
        if self._lost:
            raise ConflictError(self._lost)
        if self._broken_off:
            self._begin()
        try:
            self._read_on()
        except Rewritten:
            known = self.book
            self._begin()
            self._read_on()
            if missing := known.missing_in(self.book):
                self._lost = (f"{self.name}: another process replaced it, and "
                              f"{counted(missing, 'post')} that this one had read are not in it; "
                              "nothing more is posted: look for journal.lost.* next to it, see "
                              "docs/runbooks.md, 11 conflict, and run again")
                raise ConflictError(self._lost) from None

    def records(self, after: JournalHead = START) -> Iterator[Record]:
        """The records after a line up to `head`, read and verified again. Rewritten, at once, when
        the store does not contain that line."""
        return self._verified(self._store.read(after, upto=self.head), after)

    def of_kinds(self, kinds: Collection[str], after: JournalHead = START,
                 upto: JournalHead | None = None) -> Iterator[Record]:
        """As `records`, of some kinds only. The others, which were verified when they were read
        first, are passed over at a fraction of the cost."""
        lines = self._store.read(after, upto=upto or self.head)
        return self._picked(lines, frozenset(kind.encode() for kind in kinds), after)

    def contains(self, line: JournalHead) -> bool:
        """Whether the journal has this line; a line's hash covers all lines before it."""
        if line.seq and START.bytes < line.bytes <= self.head.bytes:
            try:
                self._store.read(line, upto=self.head)
                return True
            except Rewritten:
                pass
        return any((record.seq, record.hash) == (line.seq, line.hash) for record in self.records())

    def write(self, posts: Sequence[Prepared], at: str) -> None:
        """Append posts durably, and add them to the book. StorageError: nothing was posted."""
        lines, records, prev = list[bytes](), list[Record](), self.head.hash
        for seq, (post, body, _) in enumerate(posts, self.head.seq + 1):
            line, prev = encode(seq, at, post, body, prev)
            lines.append(line)
            records.append(Record(seq, at, prev, post, body))
        self._store.append(lines, self.head)
        self._broken_off = True
        for line, record, (post, _, kept) in zip(lines, records, posts, strict=True):
            self.book.add(post, kept, at)
            self._took(line, record)
        self._broken_off = False

    def make_durable(self) -> None:
        """Before anything depends on lines that another process wrote. StorageError."""
        if self.head.seq:
            self._store.sync(self.head)

    def _begin(self) -> None:
        self._broken_off = True
        self.book, self.head = self._exports.begin()

    def _read_on(self) -> None:
        lines = self._store.read(self.head)
        self._broken_off = True
        for line in lines:
            self._apply(line)
        self._exports.caught_up(self.head)
        self._broken_off = False

    def _apply(self, line: bytes) -> None:
        record = self._decoded(line, self.head)
        try:
            self.book.apply(record.post, kept_of(record.post, record.body), record.ts)
        except CorruptError as error:
            raise CorruptError(
                f"{self.name}:{record.seq + 1}: {error}; restore the journal"
            ) from error
        self._took(line, record)

    def _took(self, line: bytes, record: Record) -> None:
        self.head = JournalHead(record.seq, record.hash, self.head.bytes + len(line))
        self._exports.added(line, record, self.head)

    def _verified(self, lines: Iterator[bytes], head: JournalHead) -> Iterator[Record]:
        for line in lines:
            record = self._decoded(line, head)
            head = JournalHead(record.seq, record.hash, head.bytes + len(line))
            yield record

    def _picked(self, lines: Iterator[bytes], kinds: Collection[bytes],
                head: JournalHead) -> Iterator[Record]:
        seq, prev = head.seq, head.hash.encode()
        for line in lines:
            if line.split(b",", _KIND + 1)[_KIND] in kinds:
                yield self._decoded(line, JournalHead(seq, prev.decode(), 0))
            seq, prev = seq + 1, line[-65:-1]

    def _decoded(self, line: bytes, before: JournalHead) -> Record:
        try:
            return decode(line, before.seq + 1, before.hash)
        except BadRecord as error:
            raise CorruptError(
                f"{self.name}:{before.seq + 2}: {error}; restore the line, nothing was changed"
            ) from error


class LedgerReader:
    """A ledger as it was at one moment, for commands that only look.

    Reading needs no lock, no recovery and no permission to write, and it disturbs nobody who posts.
    A reader has every line that was whole when it was opened; the newest may be written and not yet
    acknowledged. To see later posts, open another reader. Use `Ledger.read` for a directory, and
    `over` for another store.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @classmethod
    def over(cls, store: JournalStore, exports: Exports | None = None) -> "LedgerReader":
        """A reader of any store. `exports` may supply a snapshot to start from. CorruptError, with
        the line, for a damaged journal."""
        reader = cls(Journal(store, exports or Exports()))
        try:
            reader._journal.catch_up()
        except BaseException:
            reader.close()
            raise
        return reader

    @property
    def book(self) -> Book:
        """What the posts add up to."""
        return self._journal.book

    def head(self) -> JournalHead:
        """The position of the newest post that is in the book."""
        return self._journal.head

    def first_hash(self) -> str:
        """The hash of the first post, which identifies the ledger; empty for a journal without
        posts."""
        return next(self._journal.records()).hash if self._journal.head.seq else ""

    def contains(self, line: JournalHead) -> bool:
        """Whether the journal has a line with this number and hash. CorruptError for damage."""
        self._look()
        return self._journal.contains(line)

    def records(self) -> Iterator[Record]:
        """Every record from the first on, read and verified again. CorruptError for damage."""
        self._look()
        return self._journal.records()

    def of_kinds(self, kinds: Collection[str]) -> Iterator[Record]:
        """The records of some kinds, much cheaper than all. CorruptError for damage."""
        self._look()
        return self._journal.of_kinds(kinds)

    def since(
        self, after: JournalHead, kinds: Collection[str]
    ) -> tuple[JournalHead, Iterator[Record]]:
        """The records of some kinds after a line, and the line up to which they are read.

        Rewritten, at once, when the journal does not contain that line.
        """
        self._look()
        head = self._journal.head
        return head, self._journal.of_kinds(kinds, after, head)

    def make_durable(self) -> None:
        """Make every post in the book durable, whichever process wrote it. StorageError when that
        fails."""
        self._journal.make_durable()

    def close(self) -> None:
        """Release the handles."""
        self._journal.forget()

    def _look(self) -> None:
        """A reader stays at the moment at which it was opened."""
