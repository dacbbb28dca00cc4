"""A journal replayed from its first byte: its book, and what a checkpoint and a snapshot of it
should contain. Pure."""
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from platform.errors import CorruptError
from platform.ledger.journal import checkpoint, snapshot
from platform.ledger.journal.checkpoint import Checkpoint
from platform.ledger.journal.record import (
    GENESIS,
    HEADER,
    LINE_BYTES,
    BadRecord,
    Record,
    decode,
    ends_at,
)
from platform.ledger.journal.recovery import Tail, judge
from platform.ledger.journal.snapshot import Point
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Account, Kept, kept_of
from platform.model.entry import Post

RESTORE = "restore it, nothing was changed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`posts` is the number of sound posts, `head` the hash of the last, `findings` one line each,
    with file and line."""

    posts: int
    head: str
    balances: Mapping[str, int]  # credits by tenant after those posts
    findings: tuple[str, ...]


class Known(Struct, frozen=True, gc=False, array_like=True):
    """What a book needs of a record. Of the post, what `Book.apply` uses."""

    seq: int
    hash: str
    ts: str
    kept: Kept
    post: Post


class KeptSnapshot(NamedTuple):
    """A snapshot at which a ledger would start."""

    data: bytes
    point: Point

    def is_of(self, record: Known, book: Book, posts: bytes | bytearray | None) -> bool:
        """Whether a checkpoint after this record would write the same snapshot."""
        return (
            self.point.head == record.hash and snapshot.render(self.point, book, posts) == self.data
        )


class Replay:
    """The journal read from its first byte: its book, and what a checkpoint and a snapshot should
    contain."""

    def __init__(self, path: Path) -> None:
        self.book, self.head = Book(), GENESIS
        self.accounts_at_manifest: dict[str, Account] | None = None
        self.snapshot_is_true = False
        self._path = path

    def verdict(self, findings: tuple[str, ...]) -> Verdict:
        """The verdict after what was replayed, with these findings."""
        return Verdict(self.book.seq, self.head, self.book.balances(), findings)

    def run(self, journal: Iterable[Known], known: Checkpoint | None, kept: KeptSnapshot | None,
            posts: bytearray | None = None) -> None:
        """Replay records in order, and compare them with the checkpoint and the snapshot.

        `posts` are `snapshot.post_rows` of these records and possibly of later ones, when the
        caller has them. CorruptError with the line of the first thing that is wrong.
        """
        if known and not known.seq:
            self.accounts_at_manifest = {}
        last_named, last_kept, apply = (
            known.seq if known else 0,
            kept.point.seq if kept else 0,
            self.book.apply,
        )
        for record in journal:
            try:
                apply(record.post, record.kept, record.ts)
            except CorruptError as error:
                raise CorruptError(f"{self._path}:{record.seq + 1}: {error}; {RESTORE}") from error
            self.head = record.hash
            if known and record.seq == last_named:
                self._meet(known, record)
            if kept and record.seq == last_kept:
                rows = None if posts is None else posts[:record.seq * snapshot.POST_BYTES]
                self.snapshot_is_true = kept.is_of(record, self.book, rows)
        if self.book.seq < last_named:
            raise CorruptError(
                f"{self._path}:{self.book.seq + 2}: ends before line {last_named + 1}, which the "
                f"manifest names; {RESTORE}"
            )

    def _meet(self, known: Checkpoint, record: Known) -> None:
        if known.hash != record.hash:
            raise CorruptError(
                f"{self._path}:{record.seq + 1}: is not the line that the manifest names; {RESTORE}"
            )
        self.accounts_at_manifest = self.book.accounts()


def known_of(record: Record) -> Known:
    """What a book needs of a record."""
    post = record.post
    return Known(record.seq, record.hash, record.ts, kept_of(post, record.body), post)


def parse_manifest(folder: Path, data: bytes | None) -> Checkpoint | None:
    """The checkpoint in the file's bytes; None without the file. CorruptError for bytes that are
    not a checkpoint."""
    try:
        return None if data is None else checkpoint.parse(data)
    except ValueError as error:
        raise CorruptError(f"{folder / checkpoint.NAME}:1: {error}; {RESTORE}") from error


def kept_snapshot(data: bytes | None, journal: bytes) -> KeptSnapshot | None:
    """The snapshot at which a ledger would start; None when it would ignore the file."""
    try:
        point = snapshot.point_of(data or b"")
    except ValueError:
        return None
    whole = memoryview(journal)[:point.bytes]
    if (
        not data
        or not len(HEADER) < point.bytes == len(whole)
        or sha256(whole).hexdigest() != point.sha256
    ):
        return None
    return (
        KeptSnapshot(data, point)
        if ends_at(whole[-LINE_BYTES:].tobytes(), point.seq, point.head)
        else None
    )


def records(path: Path, journal: bytes) -> Iterator[Record]:
    """The records in a journal's bytes, each verified to follow the one before. A last line that
    lacks only its line break counts; the beginning of a line does not. CorruptError with file and
    line for anything else."""
    if not journal.startswith(HEADER):
        raise CorruptError(f"{path}:1: is not a journal; {RESTORE}")
    rest, seq, head = BytesIO(journal), 0, GENESIS
    next(rest)
    for line in rest:
        if not line.endswith(b"\n"):
            match judge(line, seq + 1, head):
                case Tail.TORN:
                    return
                case Tail.DAMAGED:
                    raise CorruptError(f"{path}:{seq + 2}: the last line is damaged; {RESTORE}")
                case Tail.COMPLETE:
                    line += b"\n"
        try:
            record = decode(line, seq + 1, head)
        except BadRecord as error:
            raise CorruptError(f"{path}:{seq + 2}: {error}; {RESTORE}") from error
        seq, head = record.seq, record.hash
        yield record
