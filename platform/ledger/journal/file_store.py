"""FileStore: the journal as one file, journal.csv, in a directory. It knows no rule of money.

A damaged line is refused, never repaired. Only an unterminated tail is recovered (recovery.py), and
what is cut off is kept in a file beside the journal. A store that is opened for reading changes
nothing: it leaves the tail where it is.
"""
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from platform.errors import CorruptError, StaleError, StorageError
from platform.ledger.journal import checkpoint
from platform.ledger.journal.disk import (
    DISK,
    WHEN_GONE,
    Disk,
    Lock,
    all_taken,
    refusals,
    write_whole,
)
from platform.ledger.journal.projections import CREDITS, HEADERS
from platform.ledger.journal.record import HEADER, LINE_BYTES, START, ends_at
from platform.ledger.journal.recovery import Tail, judge
from platform.ports.journal_store import JournalHead, Rewritten

if TYPE_CHECKING:
    from hashlib import _Hash

JOURNAL = "journal.csv"
LOCK = ".lock"
_CHUNK = 1 << 20  # bytes of one read


class FileStore:
    """A JournalStore. `writes`: whether this object may change the directory."""

    def __init__(self, folder: Path, disk: Disk = DISK, *, writes: bool = True) -> None:
        self.path = folder / JOURNAL
        self._folder, self._disk, self._writes = folder, disk, writes
        self._lock = Lock(disk, folder / LOCK)
        self._handle: int | None = None
        self._replaced: list[int] = []  # handles of earlier journals; a slow reader may use one
        self._last = START  # where the last read or append ended
        self._synced = 0  # bytes that one of our fsyncs has covered
        self._in_doubt = False

    @property
    def name(self) -> str:
        """The journal's path, as messages name it."""
        return str(self.path)

    def lock(self) -> Lock:
        """The lock file of the directory. Entering it raises StaleError without the directory."""
        return self._lock

    def head(self) -> JournalHead:
        """The newest whole line, as it describes itself: nothing of it is verified."""
        handle, stop = self._open(), 0
        with refusals(self.path, "read"):
            size, window = self._disk.size(handle), _CHUNK
            while True:
                start = max(0, size - window)
                *lines, rest = self._disk.read(handle, size - start, start).split(b"\n")
                stop = size - len(rest)
                if len(lines) > 1 or not start:
                    break
                window *= 2
        number, _, _ = (lines[-1] if lines else b"").partition(b",")
        if not number.isdigit():
            return START
        return JournalHead(int(number), lines[-1][-64:].decode(errors="replace"), stop)

    def read(self, after: JournalHead = START, upto: JournalHead | None = None) -> Iterator[bytes]:
        """The lines after `after`. Without `upto`, a writer recovers an unterminated tail first.

        Rewritten: the file does not contain `after`, or it was replaced.
        """
        if upto and after.bytes > upto.bytes:  # of a longer journal that this one replaced
            raise Rewritten(f"{self.path} has no line {after.seq + 1}")
        handle = self._open() if upto else self._newest()  # Rewritten when it was replaced
        size = self._size(handle, after)
        if after.seq == 0:
            self._check_header(handle)
        elif after != self._last and not self._is_there(handle, after):
            raise Rewritten(f"{self.path} no longer contains line {after.seq + 1}")
        if upto:
            return self._lines(handle, after.bytes, upto.bytes)
        return self._to_the_end(handle, after, size)

    def append(self, lines: Sequence[bytes], after: JournalHead) -> None:
        """One write and one fsync. The file is as before when the write fails. After a failed fsync
        nobody can say what is on the disk, so only a new start reads it again."""
        handle, data = self._open(), b"".join(lines)
        self._refuse_doubt()
        try:
            with refusals(self.path, "append, nothing was posted"):
                all_taken(self._disk.append(handle, data), data)
        except StorageError:
            self._cut_back(handle, after)
            raise
        try:
            self._sync(handle)
        except StorageError:
            self._in_doubt = True
            self._cut_back(handle, after)
            raise
        self._last = JournalHead(after.seq + len(lines), lines[-1][-65:-1].decode(),
                                 after.bytes + len(data))
        self._synced = self._last.bytes

    def sync(self, upto: JournalHead) -> None:
        """A line that a killed process wrote may never have been synced. Not after a failed fsync:
        the system reports that failure once, and the next fsync claims success."""
        if self._synced != upto.bytes:
            self._refuse_doubt()
            self._sync(self._open())
            self._synced = upto.bytes

    def digest(self, upto: JournalHead) -> "_Hash | None":
        """SHA-256 of the file up to the end of a line, still open for more bytes. None when that
        line does not end there."""
        handle = self._open()
        with refusals(self.path, "read"):
            if not len(HEADER) < upto.bytes <= self._disk.size(handle):
                return None
            sha = sha256()
            for at in range(0, upto.bytes, _CHUNK):
                sha.update(self._disk.read(handle, min(_CHUNK, upto.bytes - at), at))
        return sha if self._is_there(handle, upto) else None

    def close(self) -> None:
        """Close every handle, the lock's too. An earlier failed fsync no longer matters: the next
        use reads the file again."""
        handles = [*self._replaced, *([] if self._handle is None else [self._handle])]
        self._handle, self._replaced, self._last = None, [], START
        self._synced, self._in_doubt = 0, False
        for handle in handles:
            self._disk.close(handle)
        self._lock.close()

    def _open(self) -> int:
        """The file's handle. CorruptError when the journal is gone and other files of the state are
        there; StaleError when all are gone."""
        if self._handle is None:
            with refusals(self.path, "open"), suppress(FileNotFoundError):
                self._handle = self._disk.open(self.path, append=self._writes)
        if self._handle is not None:
            return self._handle
        if not exists(self._folder):
            raise StaleError(f"{self._folder}: was deleted while it was in use; {WHEN_GONE}")
        raise CorruptError(f"{self.path}:1: is gone while other files of the state are there; "
                           "restore it, a new one would forget what was paid")

    def _newest(self) -> int:
        """The handle, when its file still has the journal's name. Rewritten otherwise, once."""
        handle = self._open()
        with refusals(self.path, "look for"):
            if self._disk.is_at(handle, self.path):
                return handle
        self._replaced.append(handle)
        self._handle, self._last, self._synced, self._in_doubt = None, START, 0, False
        self._open()
        raise Rewritten(f"{self.path} is another file than the one that was read")

    def _size(self, handle: int, after: JournalHead) -> int:
        with refusals(self.path, "read"):
            size = self._disk.size(handle)
        if size < after.bytes:
            raise CorruptError(f"{self.path}:{after.seq + 1}: lines are gone that were there; "
                               "restore the file")
        return size

    def _check_header(self, handle: int) -> None:
        with refusals(self.path, "read"):
            there = self._disk.read(handle, len(HEADER), 0)
        if there != HEADER:
            raise CorruptError(f"{self.path}:1: is not a journal's first line; restore the file, "
                               "nothing was changed")

    def _is_there(self, handle: int, line: JournalHead) -> bool:
        """Whether a line with this number and hash ends at this byte."""
        start = max(0, line.bytes - LINE_BYTES)
        with refusals(self.path, "read"):
            tail = self._disk.read(handle, line.bytes - start, start)
        return ends_at(tail, line.seq, line.hash)

    def _to_the_end(self, handle: int, after: JournalHead, size: int) -> Iterator[bytes]:
        seq, prev, at = after
        for line in self._lines(handle, at, size):
            if not line.endswith(b"\n"):
                if not self._is_whole(handle, line, JournalHead(seq, prev, at)):
                    break
                line += b"\n"
            yield line
            seq, prev, at = seq + 1, line[-65:-1].decode(errors="replace"), at + len(line)
        self._last = JournalHead(seq, prev, at)

    def _lines(self, handle: int, at: int, stop: int) -> Iterator[bytes]:
        """Lines with their line breaks; the last has none when the file does not end with one."""
        rest = b""
        while at < stop:
            with refusals(self.path, "read"):
                data = self._disk.read(handle, min(_CHUNK, stop - at), at)
            if not data:
                raise CorruptError(f"{self.path}: became shorter while it was read; start again")
            at += len(data)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line + b"\n"
        if rest:
            yield rest

    def _is_whole(self, handle: int, tail: bytes, before: JournalHead) -> bool:
        """Whether an unterminated tail is a record. A writer adds the line break to one that is,
        and moves any other away."""
        verdict = judge(tail, before.seq + 1, before.hash)
        if verdict is Tail.DAMAGED:
            raise CorruptError(
                f"{self.path}:{before.seq + 2}: the last line is damaged; restore it, "
                "nothing was changed"
            )
        if self._writes and verdict is Tail.COMPLETE:
            with refusals(self.path, "complete the last line"):
                # synced before an acknowledgement
                all_taken(self._disk.append(handle, b"\n"), b"\n")
        elif self._writes:
            write_whole(self._disk, self._quarantine(before.seq + 1), tail)
            with refusals(self.path, "cut off a torn line"):
                self._disk.truncate(handle, before.bytes)
            self._sync(handle)
        return verdict is Tail.COMPLETE

    def _quarantine(self, seq: int) -> Path:
        """A name that is free: an earlier torn line is never overwritten."""
        names = (self.path.with_name(f"journal.torn.{seq}{more}")
                 for more in ("", *(f".{n}" for n in range(2, 1000))))
        return next(name for name in names if not name.exists())

    def _cut_back(self, handle: int, after: JournalHead) -> None:
        """After a failure that the caller reports. When this fails too, the next read recovers."""
        try:
            self._disk.truncate(handle, after.bytes)
        except OSError:
            self._in_doubt = True

    def _refuse_doubt(self) -> None:
        if self._in_doubt:
            raise StorageError(
                f"{self.path}: an earlier fsync failed and what is on the disk is in "
                "doubt; start again"
            )

    def _sync(self, handle: int) -> None:
        with refusals(self.path, "make durable"):
            self._disk.sync(handle)


def create(folder: Path, disk: Disk) -> None:
    """An empty journal: its header, durable, whole or not at all."""
    write_whole(disk, folder / JOURNAL, HEADER)


def exists(folder: Path) -> bool:
    """Whether a directory has any file of a billing state, complete or not. StorageError if this
    user may not look."""
    names = (JOURNAL, checkpoint.NAME, CREDITS, *HEADERS)
    with refusals(folder, "read"):
        return any((folder / name).exists() for name in names)
