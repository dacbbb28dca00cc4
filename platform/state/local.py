"""The local end: one billing state directory as the lines of its journal, and the files of sharing.

* `trusted_head.json` is the newest verified head of the release.
* `journal.lost.<n>` keep posts that could not be posted again.
* `.release/` holds files during an upload or a download.

One process at a time shares a directory (`.release.lock`). The ledger's own lock is held only to
read or replace the journal, never while waiting for the network.
"""
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from platform import flock
from platform.errors import ConflictError, CorruptError, StorageError
from platform.ledger.journal import checkpoint as checkpoints
from platform.ledger.journal.checkpoint import FileState
from platform.ledger.journal.disk import DISK, Disk, locked, read_whole, refusals, write_whole
from platform.ledger.journal.file_store import JOURNAL, LOCK
from platform.ledger.journal.ledger import Ledger, utc_now
from platform.ledger.journal.projections import CREDITS, HEADERS
from platform.ledger.journal.record import GENESIS, HEADER
from platform.model.digest import sha256_hex
from platform.state.chain import TrustedHead, hash_of, parse_trusted, render_trusted
from platform.state.remembered import Memory

TRUSTED = "trusted_head.json"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class StateSnapshot:
    """The state at a checkpoint: the journal's lines without the header, and the derived tables."""

    lines: tuple[bytes, ...]
    tables: Mapping[str, bytes]
    states: Mapping[str, FileState]

    @property
    def head(self) -> tuple[int, str]:
        return len(self.lines), hash_of(self.lines[-1]) if self.lines else GENESIS


class LocalState:
    """A state directory that can be shared.

    `now` gives the time of posts. The ledger writes through `disk`. `memory` keeps the heads that
    this machine remembers.
    """

    def __init__(self, folder: Path, now: Callable[[], str] = utc_now, disk: Disk = DISK,
                 memory: Memory | None = None) -> None:
        self.folder, self.now, self.disk, self.memory = folder, now, disk, memory
        self.scratch = folder / ".release"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Lock the directory, with an empty `scratch`; wait while another process has the lock."""
        with refusals(self.folder, "create the directory"):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = flock.open_lock(self.folder / ".release.lock")
        try:
            with refusals(self.scratch, "create the directory"):
                flock.take(handle)
                shutil.rmtree(self.scratch, ignore_errors=True)
                self.scratch.mkdir()
            yield
            shutil.rmtree(self.scratch, ignore_errors=True)
        finally:
            os.close(handle)

    @property
    def is_shared(self) -> bool:
        """Whether the directory was ever brought up to a release."""
        return (self.folder / TRUSTED).exists()

    def open(self) -> Ledger:
        return Ledger.open(self.folder, self.now, self.disk)

    def lines(self) -> tuple[bytes, ...]:
        """The journal's records as lines, recovered and verified; empty without a billing state."""
        if not Ledger.exists(self.folder):
            return ()
        with closing(self.open()), locked(self.disk, self.folder / LOCK):
            return self._lines()

    def snapshot(self) -> StateSnapshot:
        """The state at a new checkpoint. Posts of other processes meanwhile are not in it."""
        for _ in range(_TRIES):
            with closing(self.open()) as ledger:
                ledger.checkpoint()
            with locked(self.disk, self.folder / LOCK):
                files = {name: self._whole(name) for name in (checkpoints.NAME, CREDITS, *HEADERS)}
                lines = self._lines()
            try:
                point = checkpoints.parse(files.pop(checkpoints.NAME))
            except ValueError as error:
                raise CorruptError(
                    f"{self.folder / checkpoints.NAME}:1: {error}; restore it"
                ) from error
            states = {name: point.files[name] for name in files}
            tables = {name: data[:states[name].bytes] for name, data in files.items()}
            if all(sha256_hex(data) == states[name].sha256 for name, data in tables.items()):
                return StateSnapshot(lines[:point.seq], tables, states)
        raise ConflictError(f"{self.folder}: its tables change faster than they can be read; "
                            "stop other runs, then run again")

    def become(self, lines: Sequence[bytes], instead_of: Sequence[bytes]) -> bool:
        """Replace the journal `instead_of` by `lines`, atomically.

        Returns False and changes nothing if the journal is no longer `instead_of`.

        If `lines` do not continue the old journal, the manifest and the projections are invalid.
        They are removed first: without them, both journals are valid, and the rename of the journal
        is the only moment at which the state changes.
        """
        kept = list(lines[:len(instead_of)]) == list(instead_of)
        with locked(self.disk, self.folder / LOCK):
            if list(self._lines()) != list(instead_of):
                return False
            if not kept and self.memory is not None:
                self.memory.lower(instead_of, common(instead_of, lines))
            if not kept:
                with refusals(self.folder, "remove projections"):
                    for name in (checkpoints.NAME, CREDITS, *HEADERS):
                        self.disk.remove(self.folder / name)
                    self.disk.sync_folder(self.folder)
            write_whole(self.disk, self.folder / JOURNAL, HEADER + b"".join(lines))
        with closing(self.open()) as ledger:
            ledger.checkpoint()
        return True

    def remember(self) -> None:
        """Remember the journal's head after the directory was brought up to a release."""
        if self.memory is not None and Ledger.exists(self.folder):
            with closing(self.open()) as ledger:
                self.memory.keep(ledger, durable=True)

    def keep_lost(self, lines: Sequence[bytes]) -> Path:
        """Write posts that could not be posted again, unchanged, to a durable file of their own."""
        data = HEADER + b"".join(lines)
        for number in range(1, 10_000):
            path = self.folder / f"journal.lost.{number}"
            there = read_whole(self.disk, path)
            if there is None:
                write_whole(self.disk, path, data)
            if there in (None, data):
                return path
        raise StorageError(f"{self.folder}: has 9,999 files journal.lost.*; "
                           "check them, then move them to another directory")

    def trusted(self) -> TrustedHead | None:
        """The newest verified head of the release; CorruptError if the file is damaged."""
        data = read_whole(self.disk, self.folder / TRUSTED)
        try:
            return None if data is None else parse_trusted(data)
        except ValueError as error:
            raise CorruptError(f"{self.folder / TRUSTED}:1: {error}; "
                               "restore it from a copy of the directory") from error

    def trust(self, head: TrustedHead) -> None:
        if head != self.trusted():
            write_whole(self.disk, self.folder / TRUSTED, render_trusted(head))

    def _whole(self, name: str) -> bytes:
        data = read_whole(self.disk, self.folder / name)
        if data is None:
            raise CorruptError(f"{self.folder / name}:1: is missing; "
                               "run `ledger fsck --rebuild` to create it again")
        return data

    def _lines(self) -> tuple[bytes, ...]:
        return whole_lines(self.folder, self.disk)


def common(ours: Sequence[bytes], theirs: Sequence[bytes]) -> int:
    """The number of leading records that two journals share."""
    low, high = 0, min(len(ours), len(theirs))
    while low < high:  # a line proves all lines above it, so a binary search is enough
        middle = (low + high + 1) // 2
        low, high = (middle, high) if ours[middle - 1] == theirs[middle - 1] else (low, middle - 1)
    return low


def whole_lines(folder: Path, disk: Disk) -> tuple[bytes, ...]:
    """The whole records of a directory's journal. An unterminated tail was never acknowledged."""
    data = read_whole(disk, folder / JOURNAL) or HEADER
    return tuple(
        line for line in data[len(HEADER) :].splitlines(keepends=True) if line.endswith(b"\n")
    )
