"""Projections on the disk: what is there must be the beginning of the truth, and what is missing is appended.

Appends are not synced, so after a power loss the part beyond the last checkpoint may have holes of zero bytes; those
are filled. Any other difference is refused: a file that somebody changed is never mended in silence. Called under the
ledger's lock, before anything is posted, so that a refusal never follows an acknowledgement.
"""
import hashlib
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal.columns import batches
from platform.ledger.journal.disk import Disk, all_taken, opened, read_whole, refusals
from platform.ledger.journal.manifest import Checkpoint, FileState
from platform.ledger.journal.projections import HEADERS, rows
from platform.ledger.journal.record import Record

_HOLE = re.compile(rb"\0{16,}|\0+\Z")  # a flipped bit can make one zero byte, never so many
_BUFFER = 1 << 20
REBUILD = "`ledger fsck --rebuild` makes it again from the journal"


class Follower:
    """One file, and how far it was found true: `at` bytes, `rows` lines with the header."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self.at = self.rows = 0
        self.may_have_holes = self._written = False
        self._sha = hashlib.sha256()
        self._disk = disk

    def skip(self, known: FileState | None) -> bool:
        """Take the file's beginning for true when it is what a checkpoint saw; whether it was."""
        if known is None:
            return False
        with refusals(self.path, "read"):
            try:
                with opened(self._disk, self.path) as handle:
                    if self._disk.size(handle) < known.bytes:
                        return False
                    sha = hashlib.sha256()
                    for at in range(0, known.bytes, _BUFFER):
                        sha.update(self._disk.read(handle, min(_BUFFER, known.bytes - at), at))
            except FileNotFoundError:
                return False
        if sha.hexdigest() != known.sha256:
            return False
        self.at, self.rows, self._sha = known.bytes, known.rows + 1, sha
        return True

    def follow(self, truth: bytes, *, last: bool) -> None:
        """Compare the next bytes with the truth and append what is missing; `last`: nothing may come after them."""
        with refusals(self.path, "bring up to date"), opened(self._disk, self.path, create=True) as handle:
            if self._disk.size(handle) < self.at:
                raise CorruptError(f"{self.path}:{self.rows + 1}: is shorter than it was; {REBUILD}")
            there = self._disk.read(handle, len(truth) + last, self.at)
            if not truth.startswith(there):
                there = self._without_holes(there, truth)
            if len(there) < len(truth):
                rest = truth[len(there):]
                self._written = True
                all_taken(self._disk.write(handle, rest, self.at + len(there)), rest)
        self.at += len(truth)
        self.rows += truth.count(b"\n")
        self._sha.update(truth)

    def _without_holes(self, there: bytes, truth: bytes) -> bytes:
        """The true beginning of what is there, when only holes follow it; CorruptError with the line otherwise."""
        filled = bytearray(there)
        for hole in _HOLE.finditer(there):
            filled[slice(*hole.span())] = truth[slice(*hole.span())]
        same = next((index for index, (ours, right) in enumerate(zip(there, truth, strict=False)) if ours != right),
                    min(len(there), len(truth)))
        if not self.may_have_holes or not truth.startswith(bytes(filled)):
            line = self.rows + truth[:same].count(b"\n") + 1
            raise CorruptError(f"{self.path}:{line}: differs from the journal; {REBUILD}")
        return truth[:same]

    def sync(self, known: FileState | None) -> bool:
        """fsync the file when it is not as it was at a checkpoint, or was written since; whether it was."""
        if not self._written and known == self.state():
            return False
        with refusals(self.path, "make durable"), opened(self._disk, self.path) as handle:
            self._disk.sync(handle)
        self._written = False
        return True

    def state(self) -> FileState:
        return FileState(self._sha.hexdigest(), self.at, self.rows - 1)


class Followers:
    """All files that grow."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._files = {name: Follower(folder / name, disk) for name in HEADERS}

    def skip(self, manifest: Checkpoint | None) -> bool:
        """Whether every file begins as the checkpoint saw it: then only what came after needs a look."""
        known: Mapping[str, FileState] = manifest.files if manifest else {}
        skipped = [file.skip(known.get(name)) for name, file in self._files.items()]
        for file, was in zip(self._files.values(), skipped, strict=True):
            file.may_have_holes = was or manifest is None
        return all(skipped)

    def follow(self, records: Iterable[Record], after_seq: int = 0) -> None:
        """Files that were not skipped take all records, the others those after `after_seq`."""
        pending = {name: bytearray() if self._files[name].at else bytearray(header) for name, header in HEADERS.items()}
        begun = {name for name, file in self._files.items() if file.at}
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
        """Append what records just posted add: only the files that they touch are looked at."""
        added = {name: bytearray() for name in HEADERS}
        for lines in batches(records):
            for name, data in rows(lines).items():
                added[name] += data
        for name, pending in added.items():
            if pending:
                self._files[name].follow(bytes(pending), last=True)

    def sync(self, known: Mapping[str, FileState]) -> bool:
        """fsync the files that are not as they were at a checkpoint, or were written since; whether any was."""
        synced = [file.sync(known.get(name)) for name, file in self._files.items()]
        return any(synced)

    def states(self) -> dict[str, FileState]:
        return {name: file.state() for name, file in self._files.items()}


def once_true(path: Path, disk: Disk, now: bytes, ever: Iterable[tuple[int, str, bytes]], known: Checkpoint | None,
              ) -> bool:
    """Whether tenants_credits.csv is the truth; a file that was the truth at the checkpoint `known` or later is stale
    and False, any other is refused. `ever` is (seq, tenant, its line then) of each record, read only when needed: when
    a process died between this file and its manifest."""
    there = read_whole(disk, path)
    if there is None or there == now:
        return there is not None
    at_checkpoint = known.files.get(path.name) if known else None
    if at_checkpoint and hashlib.sha256(there).hexdigest() == at_checkpoint.sha256:
        return False
    since_seq = known.seq if known else 0
    header, *rows = there.splitlines(keepends=True) or [b""]
    claimed = {row.partition(b",")[0].decode(errors="replace"): row for row in rows}
    if header == now.partition(b"\n")[0] + b"\n" and rows == [claimed[tenant] for tenant in sorted(claimed)]:
        untrue = set(claimed)
        if not untrue and not since_seq:
            return False
        for seq, tenant, line in ever:
            (untrue.discard if claimed.get(tenant) == line else untrue.add)(tenant)
            if not untrue and seq >= since_seq:
                return False
    right = now.splitlines(keepends=True)
    number = next((number for number, row in enumerate([header, *rows]) if row not in right), 0) + 1
    raise CorruptError(f"{path}:{number}: was never true of the journal; {REBUILD}")
