"""Tables on the disk: each must be the beginning of its truth, and what is missing is appended.

Appends are not synced. After a power loss the part beyond the last checkpoint may contain runs of
zero bytes, and these are filled. Any other difference is refused: a table that somebody changed is
never repaired silently. This runs under the ledger's lock and before anything is posted, so that a
refusal never follows an acknowledgement.
"""
import hashlib
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from platform.ledger.journal.checkpoint import Checkpoint, FileState
from platform.ledger.journal.columns import batches
from platform.ledger.journal.compare import TableCheck, differs
from platform.ledger.journal.disk import Disk, all_taken, opened, refusals
from platform.ledger.journal.projections import HEADERS, rows
from platform.ledger.journal.record import Record

_BUFFER = 1 << 20


class Follower:
    """One table, and how much of it was found to be true."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.check = TableCheck(path)
        self.may_have_holes = self._written = False
        self._path, self._disk = path, disk

    def skip(self, known: FileState | None) -> bool:
        """Take the table's beginning for true when it is what a checkpoint saw; whether it was."""
        if known is None:
            return False
        with refusals(self._path, "read"):
            try:
                with opened(self._disk, self._path) as handle:
                    if self._disk.size(handle) < known.bytes:
                        return False
                    sha = hashlib.sha256()
                    for at in range(0, known.bytes, _BUFFER):
                        sha.update(self._disk.read(handle, min(_BUFFER, known.bytes - at), at))
            except FileNotFoundError:
                return False
        if sha.hexdigest() != known.sha256:
            return False
        self.check.start_at(known, sha)
        return True

    def follow(self, truth: bytes, *, last: bool) -> None:
        """Compare the next bytes with the truth, and append what is missing. `last`: nothing may
        follow them. CorruptError for a difference, StorageError when the disk refuses."""
        with (
            refusals(self._path, "bring up to date"),
            opened(self._disk, self._path, create=True) as handle,
        ):
            at, size = self.check.at, self._disk.size(handle)
            if size < at:
                raise differs(self._path, self.check.rows + 1)
            there = self._disk.read(handle, len(truth) + last, at)
            same = self.check.take(truth, there, may_have_holes=self.may_have_holes)
            if same < len(truth):
                self._written = True
                all_taken(self._disk.write(handle, truth[same:], at + same), truth[same:])

    def sync(self, known: FileState | None) -> bool:
        """fsync the table when it is not as it was at a checkpoint, or was written since;
        whether it was."""
        if not self._written and known == self.check.state():
            return False
        with refusals(self._path, "make durable"), opened(self._disk, self._path) as handle:
            self._disk.sync(handle)
        self._written = False
        return True


class Followers:
    """All tables that grow."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._files = {name: Follower(folder / name, disk) for name in HEADERS}

    def skip(self, manifest: Checkpoint | None) -> bool:
        """Whether every table begins as the checkpoint saw it, so that only later rows are
        compared."""
        known: Mapping[str, FileState] = manifest.files if manifest else {}
        skipped = [file.skip(known.get(name)) for name, file in self._files.items()]
        for file, was in zip(self._files.values(), skipped, strict=True):
            file.may_have_holes = was or manifest is None
        return all(skipped)

    def follow(self, records: Iterable[Record], after_seq: int = 0) -> None:
        """Compare the tables with all records. A table that was skipped takes only those after
        `after_seq`."""
        begun = {name for name, file in self._files.items() if file.check.at}
        pending = {
            name: bytearray(b"" if name in begun else header) for name, header in HEADERS.items()
        }
        for new, some in groupby(records, lambda record: record.seq > after_seq):
            for name, added in (each for lines in batches(some) for each in rows(lines).items()):
                if new or name not in begun:
                    pending[name] += added
                if len(pending[name]) > _BUFFER:
                    self._files[name].follow(bytes(pending[name]), last=False)
                    pending[name].clear()
        for name, data in pending.items():
            self._files[name].follow(bytes(data), last=True)

    def extend(self, records: Iterable[Record]) -> None:
        """Append the rows of records that were just posted. Only tables that get rows are read."""
        added = {name: bytearray() for name in HEADERS}
        for lines in batches(records):
            for name, data in rows(lines).items():
                added[name] += data
        for name, pending in added.items():
            if pending:
                self._files[name].follow(bytes(pending), last=True)

    def sync(self, known: Mapping[str, FileState]) -> bool:
        """fsync the tables that differ from a checkpoint or were written since. Whether any did."""
        synced = [file.sync(known.get(name)) for name, file in self._files.items()]
        return any(synced)

    def states(self) -> dict[str, FileState]:
        """Every table as it is now, by name."""
        return {name: file.check.state() for name, file in self._files.items()}
