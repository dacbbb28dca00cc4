"""The local end: one billing state folder, seen as the lines of its journal, and what sharing keeps beside it.

`trusted_head.json` is what was last seen in the release and found right; `journal.lost.<n>` are posts that could not be
posted again; `.release/` is for files on their way up or down. One process at a time shares a folder (`.release.lock`);
the ledger's own lock is held for looks and swaps only, never while the network is waited for.
"""
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from platform import flock
from platform.errors import ConflictError, CorruptError, StorageError
from platform.ledger.journal import manifest as checkpoints
from platform.ledger.journal.disk import DISK, Disk, locked, read_whole, refusals, write_whole
from platform.ledger.journal.ledger import Ledger, utc_now
from platform.ledger.journal.log import JOURNAL, LOCK
from platform.ledger.journal.manifest import FileState
from platform.ledger.journal.projections import CREDITS, HEADERS
from platform.ledger.journal.record import GENESIS, HEADER
from platform.model.digest import sha256_hex
from platform.state.chain import TrustedHead, hash_of, parse_trusted, render_trusted
from platform.state.remembered import Memory

TRUSTED = "trusted_head.json"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """The state as of a checkpoint: the journal's lines without its header, and the tables that were made of them."""

    lines: tuple[bytes, ...]
    tables: Mapping[str, bytes]
    states: Mapping[str, FileState]

    @property
    def head(self) -> tuple[int, str]:
        return len(self.lines), hash_of(self.lines[-1]) if self.lines else GENESIS


class LocalState:
    """`now` is the time of posts, `disk` what the ledger writes through; `memory` what this machine remembers of it."""

    def __init__(self, folder: Path, now: Callable[[], str] = utc_now, disk: Disk = DISK,
                 memory: Memory | None = None) -> None:
        self.folder, self.now, self.disk, self.memory = folder, now, disk, memory
        self.scratch = folder / ".release"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """The folder for one sharer alone, with an empty `scratch`; waits for another."""
        with refusals(self.folder, "make the folder"):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = flock.open_lock(self.folder / ".release.lock")
        try:
            with refusals(self.scratch, "make the folder"):
                flock.take(handle)
                shutil.rmtree(self.scratch, ignore_errors=True)
                self.scratch.mkdir()
            yield
            shutil.rmtree(self.scratch, ignore_errors=True)
        finally:
            os.close(handle)

    @property
    def is_shared(self) -> bool:
        """Whether the folder was ever brought up to a release."""
        return (self.folder / TRUSTED).exists()

    def open(self) -> Ledger:
        return Ledger.open(self.folder, self.now, self.disk)

    def lines(self) -> tuple[bytes, ...]:
        """The journal's records as lines, recovered and verified; none when there is no billing state here."""
        if not Ledger.exists(self.folder):
            return ()
        with closing(self.open()), locked(self.disk, self.folder / LOCK):
            return self._lines()

    def snapshot(self) -> StateSnapshot:
        """The state at a new checkpoint. Whoever posts meanwhile comes after it."""
        for _ in range(_TRIES):
            with closing(self.open()) as ledger:
                ledger.checkpoint()
            with locked(self.disk, self.folder / LOCK):
                files = {name: self._whole(name) for name in (checkpoints.NAME, CREDITS, *HEADERS)}
                lines = self._lines()
            try:
                point = checkpoints.parse(files.pop(checkpoints.NAME))
            except ValueError as error:
                raise CorruptError(f"{self.folder / checkpoints.NAME}:1: {error}; restore it") from error
            states = {name: point.files[name] for name in files}
            tables = {name: data[:states[name].bytes] for name, data in files.items()}
            if all(sha256_hex(data) == states[name].sha256 for name, data in tables.items()):
                return StateSnapshot(lines[:point.seq], tables, states)
        raise ConflictError(f"{self.folder}: its tables change faster than they are read; stop other runs, then again")

    def become(self, lines: Sequence[bytes], instead_of: Sequence[bytes]) -> bool:
        """Make `lines` the journal, whole or not at all; False, and nothing done, when it is not `instead_of` any more.

        A journal that does not go on after the old one makes manifest and projections void: they go first, for without
        them either journal is sound, and the rename of the journal is the one moment in which it changes.
        """
        kept = list(lines[:len(instead_of)]) == list(instead_of)
        with locked(self.disk, self.folder / LOCK):
            if list(self._lines()) != list(instead_of):
                return False
            if not kept and self.memory is not None:
                self.memory.lower(instead_of, common(instead_of, lines))
            if not kept:
                with refusals(self.folder, "forget projections"):
                    for name in (checkpoints.NAME, CREDITS, *HEADERS):
                        self.disk.remove(self.folder / name)
                    self.disk.sync_folder(self.folder)
            write_whole(self.disk, self.folder / JOURNAL, HEADER + b"".join(lines))
        with closing(self.open()) as ledger:
            ledger.checkpoint()
        return True

    def remember(self) -> None:
        """After the folder was brought up to a release: where it stands now."""
        if self.memory is not None and Ledger.exists(self.folder):
            with closing(self.open()) as ledger:
                self.memory.keep(ledger, durable=True)

    def keep_lost(self, lines: Sequence[bytes]) -> Path:
        """Posts that could not be posted again, as they were, in a file of their own; durable."""
        data = HEADER + b"".join(lines)
        for number in range(1, 10_000):
            path = self.folder / f"journal.lost.{number}"
            there = read_whole(self.disk, path)
            if there is None:
                write_whole(self.disk, path, data)
            if there in (None, data):
                return path
        raise StorageError(f"{self.folder}: has 9,999 files journal.lost.*; look at them, then move them away")

    def trusted(self) -> TrustedHead | None:
        """What was last found right in the release; CorruptError when the file is damaged."""
        data = read_whole(self.disk, self.folder / TRUSTED)
        try:
            return None if data is None else parse_trusted(data)
        except ValueError as error:
            raise CorruptError(f"{self.folder / TRUSTED}:1: {error}; restore it from a copy of the folder") from error

    def trust(self, head: TrustedHead) -> None:
        if head != self.trusted():
            write_whole(self.disk, self.folder / TRUSTED, render_trusted(head))

    def _whole(self, name: str) -> bytes:
        data = read_whole(self.disk, self.folder / name)
        if data is None:
            raise CorruptError(f"{self.folder / name}:1: is gone; `ledger fsck --rebuild` makes it again")
        return data

    def _lines(self) -> tuple[bytes, ...]:
        return whole_lines(self.folder, self.disk)


def common(ours: Sequence[bytes], theirs: Sequence[bytes]) -> int:
    """How many records two journals begin with together."""
    low, high = 0, min(len(ours), len(theirs))
    while low < high:  # a line proves those above it, so that halves will do
        middle = (low + high + 1) // 2
        low, high = (middle, high) if ours[middle - 1] == theirs[middle - 1] else (low, middle - 1)
    return low


def whole_lines(folder: Path, disk: Disk) -> tuple[bytes, ...]:
    """The whole records of a folder's journal: an unterminated tail was told to nobody."""
    data = read_whole(disk, folder / JOURNAL) or HEADER
    return tuple(line for line in data[len(HEADER):].splitlines(keepends=True) if line.endswith(b"\n"))
