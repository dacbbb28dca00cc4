"""The journal file: lines in, lines out, what a crash left at its end. It knows no rule of money.

Nothing here looks twice at what was read, except `records`, which is for questions that are rarely asked. Every method
is called under the ledger's lock. A damaged line is refused by its number; only an unterminated tail is recovered
(recovery.py), and what is cut off is kept beside it.
"""
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from platform.errors import CorruptError, StorageError
from platform.ledger.journal.disk import Disk, all_taken, opened, refusals, write_whole
from platform.ledger.journal.record import GENESIS, HEADER, BadRecord, Record, decode
from platform.ledger.journal.recovery import Tail, judge
from platform.ledger.journal.snapshot import LINE_BYTES, Point, ends_at

JOURNAL = "journal.csv"
_CHUNK = 1 << 20


class Log:
    """`end`, `seq` and `head` say how far the file was read: bytes, lines, and the hash of the last one."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self.path = folder / JOURNAL
        self.end, self.seq, self.head = 0, 0, GENESIS
        self.sha = hashlib.sha256()  # of everything up to `end`
        self._disk = disk
        self._synced = 0  # bytes that an fsync of ours has covered
        self._in_doubt = False
        with refusals(self.path, "open"):
            self._handle = disk.open(self.path, append=True)

    def unread(self) -> Iterator[Record]:
        """What was written since the last look, by whomever; an unterminated tail is recovered first.

        CorruptError with file and line for a damaged line, StorageError when the disk refuses.
        """
        size = self._size()
        if self.end == 0 and size:
            self._read_header()
        for line in self._lines(self.end, size):
            if not line.endswith(b"\n"):
                self._recover(line)
                yield from self.unread()
                return
            record = self._decode(line, self.seq + 1, self.head)
            self._advance(line, record)
            yield record

    def is_replaced(self) -> bool:
        """Whether the journal's name is another file's now, or nobody's."""
        with refusals(self.path, "look for"):
            return not self._disk.is_at(self._handle, self.path)

    def skip(self, known: Point) -> bool:
        """Take everything up to a point for read when the bytes are the same as then; whether they are. The caller
        knows that whoever named the point had verified them."""
        if not len(HEADER) < known.bytes <= self._size():
            return False
        sha = hashlib.sha256()
        for at in range(0, known.bytes, _CHUNK):
            with refusals(self.path, "read"):
                sha.update(self._disk.read(self._handle, min(_CHUNK, known.bytes - at), at))
        with refusals(self.path, "read"):
            tail = self._disk.read(self._handle, min(LINE_BYTES, known.bytes), max(0, known.bytes - LINE_BYTES))
        if sha.hexdigest() != known.sha256 or not ends_at(tail, known):
            return False
        self.sha, self.end, self.seq, self.head = sha, known.bytes, known.seq, known.head
        return True

    def point(self) -> Point:
        """How far the file was read."""
        return Point(self.end, self.seq, self.head, self.sha.hexdigest())

    def first_hash(self) -> str:
        """The first record's hash; empty when none was read."""
        if not self.seq:
            return ""
        return next(self.records()).hash

    def line_ends_at(self, size: int, seq: int, head: str) -> bool:
        """Whether record `seq` with this hash ends at byte `size` of what was read."""
        if not len(HEADER) < size <= self.end:
            return False
        with refusals(self.path, "read"):
            tail = self._disk.read(self._handle, min(LINE_BYTES, size), max(0, size - LINE_BYTES))
        return ends_at(tail, Point(size, seq, head, ""))

    def append(self, data: bytes) -> None:
        """One write and one fsync; the file is as before when the write fails. After an fsync that failed nobody can
        say what is on the disk, so this Log writes no more and a new start reads it again. `advance` follows; until
        then the lines are unread, as if another process had written them."""
        self._not_in_doubt()
        try:
            with refusals(self.path, "append, nothing was posted"):
                all_taken(self._disk.append(self._handle, data), data)
        except StorageError:
            self._cut_back()
            raise
        try:
            self._sync()
        except StorageError:
            self._in_doubt = True
            self._cut_back()
            raise

    def advance(self, lines: Sequence[bytes], records: Sequence[Record]) -> None:
        """Take what was just appended for read, and for durable."""
        for line, record in zip(lines, records, strict=True):
            self._advance(line, record)
        self._synced = self.end

    def make_durable(self) -> None:
        """Before a replay is acknowledged: a line that a killed process wrote may never have been synced. Not after an
        fsync of ours that failed: the system tells that once, and the next one says that all is well."""
        if self._synced != self.end:
            self._not_in_doubt()
            self._sync()
            self._synced = self.end

    def records(self, at: int = len(HEADER), seq: int = 0, head: str = GENESIS) -> Iterator[Record]:
        """Records from a known place up to `end`, read and checked again; from the start when none is given."""
        for line in self._lines(at, self.end):
            record = self._decode(line, seq + 1, head)
            seq, head = record.seq, record.hash
            yield record

    def close(self) -> None:
        self._disk.close(self._handle)

    def _size(self) -> int:
        with refusals(self.path, "read"):
            size = self._disk.size(self._handle)
        if size < max(self.end, len(HEADER)):
            raise CorruptError(f"{self.path}:{self.seq + 1}: lines are gone that were there; restore the file")
        return size

    def _read_header(self) -> None:
        with refusals(self.path, "read"):
            there = self._disk.read(self._handle, len(HEADER), 0)
        if there != HEADER:
            raise CorruptError(f"{self.path}:1: is not a journal's first line; restore the file, nothing was changed")
        self.sha.update(HEADER)
        self.end = len(HEADER)

    def _lines(self, at: int, stop: int) -> Iterator[bytes]:
        """Lines with their newlines; at last what has none, when the file does not end with one."""
        rest = b""
        while at < stop:
            with refusals(self.path, "read"):
                data = self._disk.read(self._handle, min(_CHUNK, stop - at), at)
            if not data:
                raise CorruptError(f"{self.path}: became shorter while it was read; start again")
            at += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line + b"\n"
        if rest:
            yield rest

    def _decode(self, line: bytes, seq: int, prev: str) -> Record:
        try:
            return decode(line, seq, prev)
        except BadRecord as error:
            raise CorruptError(f"{self.path}:{seq + 1}: {error}; restore the line, nothing was changed") from error

    def _advance(self, line: bytes, record: Record) -> None:
        self.sha.update(line)
        self.end += len(line)
        self.seq, self.head = record.seq, record.hash

    def _recover(self, tail: bytes) -> None:
        seq = self.seq + 1
        match judge(tail, seq, self.head):
            case Tail.DAMAGED:
                raise CorruptError(f"{self.path}:{seq + 1}: the last line is damaged; restore it, nothing was changed")
            case Tail.COMPLETE:
                with refusals(self.path, "complete the last line"):
                    all_taken(self._disk.append(self._handle, b"\n"), b"\n")  # synced before it is acknowledged
            case Tail.TORN:
                write_whole(self._disk, self._quarantine(seq), tail)
                with refusals(self.path, "cut off a torn line"):
                    self._disk.truncate(self._handle, self.end)
                self._sync()

    def _quarantine(self, seq: int) -> Path:
        """A name that is free: an earlier torn line is never written over."""
        names = (self.path.with_name(f"journal.torn.{seq}{more}") for more in ("", *(f".{n}" for n in range(2, 1000))))
        return next(name for name in names if not name.exists())

    def _cut_back(self) -> None:
        """After a failure that is already being told; when this fails too, the next look recovers the tail."""
        try:
            self._disk.truncate(self._handle, self.end)
        except OSError:
            self._in_doubt = True

    def _not_in_doubt(self) -> None:
        if self._in_doubt:
            raise StorageError(f"{self.path}: an earlier fsync failed and what is on the disk is in doubt; start again")

    def _sync(self) -> None:
        with refusals(self.path, "make durable"):
            self._disk.sync(self._handle)


def create(folder: Path, disk: Disk) -> None:
    """An empty journal: its header, durable, whole or not at all."""
    write_whole(disk, folder / JOURNAL, HEADER)


def is_journal_there(folder: Path, disk: Disk) -> bool:
    """StorageError when the disk does not say."""
    with refusals(folder / JOURNAL, "open"):
        try:
            with opened(disk, folder / JOURNAL):
                return True
        except FileNotFoundError:
            return False
