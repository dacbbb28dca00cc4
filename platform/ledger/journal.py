"""The ledger: the only writer of the journal, which is the commit point of everything that has to do with credits.

A post is decided under the lock, against a book that has seen every line before it; compared by its keys; written with
one append and one fsync; and only then acknowledged. A damaged journal is refused with its line and never repaired in
silence; what a crash can leave at the end is recovered (recovery.py).
"""
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from platform.errors import ConflictError, CorruptError, CreditsError, StaleError, StorageError
from platform.ledger import disk
from platform.ledger.balance import Answer, Book, body_of, difference
from platform.ledger.manifest import read_manifest, write_manifest
from platform.ledger.projections import Projections
from platform.ledger.record import GENESIS, HEADER, BadRecord, Record, decode, encode
from platform.ledger.recovery import Tail, judge
from platform.model.entry import Post

JOURNAL = "journal.csv"


def utc_now() -> str:
    """The time of a post: UTC, ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Ledger:
    """One billing state folder. Threads and processes may post at once; each sees what the others wrote."""

    def __init__(self, folder: Path, now: Callable[[], str] = utc_now) -> None:
        self.folder = folder
        self.book = Book()
        self._path = folder / JOURNAL
        self._now = now
        self._projections = Projections(folder)
        self._lock = threading.RLock()
        self._end = 0  # bytes of the journal that the book has seen
        self._head = GENESIS
        self._broken = False  # an fsync failed: what is on disk is unknown until a new start reads it

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether there is a billing state; asking does not make one."""
        return (folder / JOURNAL).exists()

    @classmethod
    def open(cls, folder: Path, now: Callable[[], str] = utc_now) -> "Ledger":
        """The ledger of an existing state, read and verified. StaleError when there is none: never an empty one."""
        if not cls.exists(folder):
            raise StaleError(f"{folder}: no billing state here; `doit run state` makes one, once")
        ledger = cls(folder, now)
        with ledger._exclusive():
            manifest = read_manifest(folder)
            for record in ledger._unread():
                ledger._apply(record)
                if manifest and record.seq == manifest.seq and record.hash != manifest.hash:
                    raise CorruptError(f"{ledger._path}:{record.seq + 1}: is not the line that the manifest names; "
                                       "restore the journal that belongs to it")
            if manifest and ledger.book.seq < manifest.seq:
                raise CorruptError(f"{ledger._path}:{ledger.book.seq + 1}: ends before line {manifest.seq + 1}, which "
                                   "the manifest names; restore the whole journal")
        return ledger

    @classmethod
    def create(cls, folder: Path, now: Callable[[], str] = utc_now) -> "Ledger":
        """The ledger of a folder, made empty when there is none."""
        if not cls.exists(folder):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(f"{folder}: cannot be made ({error.strerror}); mend it, run again") from error
            with disk.locked(folder / ".lock"):
                if not cls.exists(folder):
                    disk.create(folder / JOURNAL, HEADER)
        return cls.open(folder, now)

    def post(self, decide: Callable[[Book], Sequence[Post]]) -> tuple[Post, ...]:
        """Post what `decide` says of the newest book; the posts that were new.

        A replay posts nothing. ConflictError names the field in which a post differs from the one with its key;
        CreditsError when a balance would go below zero. All posts of one call are one write and one fsync.
        """
        with self._exclusive():
            for record in self._unread():
                self._apply(record)
            fresh = self._new(decide(self.book))
            if fresh:
                self._write(fresh)
            self._projections.write()
            return fresh

    def records(self) -> Iterator[Record]:
        """Every record from the start, read and checked again."""
        data = disk.read_from(self._path, len(HEADER))
        yield from _records(data[: data.rfind(b"\n") + 1], self._path, 0, GENESIS)

    def checkpoint(self) -> None:
        """Write state_manifest.json: where the journal stands and what every file is."""
        with self._exclusive():
            self._projections.write()
            write_manifest(self.folder, self.book.seq, self._head)

    def _new(self, posts: Sequence[Post]) -> tuple[Post, ...]:
        fresh: list[Post] = []
        balances: dict[str, int] = {}
        for post in posts:
            answer = self.book.compare(post)
            if answer is Answer.DIFFERENT:
                raise self._conflict(post)
            if answer is Answer.SAME or any(other.key == post.key for other in fresh):
                continue
            balance = balances.get(post.tenant_id, self.book.balance(post.tenant_id)) + post.amount_credits
            if balance < 0:
                raise CreditsError(f"{post.tenant_id} has {balance - post.amount_credits} credits and "
                                   f"{-post.amount_credits} are needed; top up, then run again")
            balances[post.tenant_id] = balance
            fresh.append(post)
        return tuple(fresh)

    def _conflict(self, post: Post) -> ConflictError:
        known = next(record.post for record in self.records() if record.post.key == post.key)
        if known.tenant_id != post.tenant_id:
            name, old, new = "tenant_id", known.tenant_id, post.tenant_id
        else:
            name, old, new = difference(body_of(known), body_of(post))
        return ConflictError(f"{post.kind} was posted before with {name} {old!r}, now it says {new!r}; nothing was "
                             "posted, use another reference for another post")

    def _write(self, posts: Sequence[Post]) -> None:
        if self._broken:
            raise StorageError(f"{self._path}: an earlier write is in doubt; start again")
        at, head, lines, records = self._now(), self._head, [], []
        for seq, post in enumerate(posts, self.book.seq + 1):
            line, head = encode(seq, at, post, head)
            lines.append(line)
            records.append(Record(seq, at, head, post))
        data = b"".join(lines)
        try:
            disk.append_durable(self._path, data, self._end)
        except StorageError:
            self._broken = True
            raise
        self._end += len(data)
        for record in records:
            self._apply(record)

    def _unread(self) -> Iterator[Record]:
        """What others wrote since this book looked, after recovering what a crash left. Under the lock."""
        data = disk.read_from(self._path, self._end)
        if not self._end:
            if not data.startswith(HEADER):
                raise CorruptError(f"{self._path}:1: is not a journal's first line; restore the file")
            data, self._end = data[len(HEADER):], len(HEADER)
        elif self._path.stat().st_size < self._end:
            raise CorruptError(f"{self._path}:{self.book.seq + 1}: lines are gone that were there before; restore them")
        whole = data.rfind(b"\n") + 1
        seq, head = self.book.seq, self._head
        for record in _records(data[:whole], self._path, seq, head):
            seq, head = record.seq, record.hash
            yield record
        self._end += whole
        if data[whole:]:
            self._recover(data[whole:], seq + 1, head)
            yield from self._unread()

    def _recover(self, tail: bytes, seq: int, head: str) -> None:
        match judge(tail, seq, head):
            case Tail.COMPLETE:
                disk.append_durable(self._path, b"\n", self._end + len(tail))
            case Tail.TORN:
                disk.create(self.folder / f"journal.torn.{seq}", tail)
                disk.truncate_durable(self._path, self._end)
            case Tail.DAMAGED:
                raise CorruptError(f"{self._path}:{seq + 1}: the last line is damaged; restore it, nothing was changed")

    def _apply(self, record: Record) -> None:
        try:
            self.book.apply(record.post)
        except CorruptError as error:
            raise CorruptError(f"{self._path}:{record.seq + 1}: {error}; restore the journal") from error
        self._projections.add(record)
        self._head = record.hash

    def _exclusive(self) -> "_Exclusive":
        return _Exclusive(self)


class _Exclusive:
    """The thread lock and the folder's lock, in that order."""

    def __init__(self, ledger: Ledger) -> None:
        self._thread, self._folder = ledger._lock, disk.locked(ledger.folder / ".lock")

    def __enter__(self) -> None:
        self._thread.acquire()
        try:
            self._folder.__enter__()
        except BaseException:
            self._thread.release()
            raise

    def __exit__(self, *error: object) -> None:
        try:
            self._folder.__exit__(None, None, None)
        finally:
            self._thread.release()


def _records(data: bytes, path: Path, seq: int, head: str) -> Iterator[Record]:
    for number, line in enumerate(data.splitlines(keepends=True) if data else (), seq + 1):
        try:
            record = decode(line, number, head)
        except BadRecord as error:
            raise CorruptError(f"{path}:{number + 1}: {error}; restore the line, nothing was changed") from error
        head = record.hash
        yield record

