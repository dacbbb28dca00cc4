"""A journal and every CSV file of its state, read from the start, line by line: what is wrong first, and where."""
from collections.abc import Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from itertools import groupby
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal import manifest
from platform.ledger.journal.columns import batches
from platform.ledger.journal.follow import REBUILD
from platform.ledger.journal.manifest import Checkpoint, FileState
from platform.ledger.journal.projections import HEADERS, rows
from platform.ledger.journal.record import GENESIS, HEADER, BadRecord, Record, decode
from platform.ledger.journal.recovery import Tail, judge

RESTORE = "restore it, nothing was changed"


def records(path: Path, journal: bytes) -> Iterator[Record]:
    """The records in a journal's bytes, each checked to follow the one before; one that lacks only its line break is
    one, the beginning of one is none. CorruptError with file and line for anything else."""
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


def row_findings(path: Path, journal: bytes, files: Mapping[str, bytes | None], known: Checkpoint | None,
                 ) -> tuple[str, ...]:
    """What differs from the journal at `path`, one line a file; nothing when the journal itself is damaged. A file may
    be behind, as a crash leaves it, but not behind the manifest; and the manifest names what the files were at its
    line."""
    named = known.files if known else {}  # of older tables, maybe
    compared = {name: _Compared(path.with_name(name), files[name]) for name in HEADERS}
    at_manifest: dict[str, FileState] = {}
    for name, header in HEADERS.items():
        compared[name].take(header)
    try:
        for after, some in groupby(records(path, journal), lambda record: record.seq > (known.seq if known else 0)):
            if after:
                at_manifest = {name: each.truth() for name, each in compared.items()}
            for lines in batches(some):
                for name, added in rows(lines).items():
                    compared[name].take(added)
    except CorruptError:
        return ()
    at_manifest = at_manifest or {name: each.truth() for name, each in compared.items()}
    lies = [name for name, state in at_manifest.items() if name in named and named[name] != state]
    durable = {name: state.bytes for name, state in named.items() if name not in lies}
    wrong = [finding for name, each in compared.items() if (finding := each.finding(durable.get(name, 0)))]
    return (*wrong, *(f"{path.with_name(manifest.NAME)}:1: names another {name} than the journal makes; {REBUILD}"
                      for name in lies))


def difference(path: Path, there: bytes | None, truth: bytes, rows: int = 0) -> str:
    """One line that says where a file differs first; `rows` stand above what is given of it."""
    if there is None:
        return f"{path}:1: is missing; {REBUILD}"
    pairs = zip(there.split(b"\n"), truth.split(b"\n"), strict=False)
    line = next((number for number, (ours, right) in enumerate(pairs, rows + 1) if ours != right), rows + 1)
    return f"{path}:{line}: differs from the journal; {REBUILD}"


class _Compared:
    """One file, against the truth as it comes."""

    def __init__(self, path: Path, there: bytes | None) -> None:
        self._path, self._there = path, there
        self._at = self._rows = self._lines = self._bytes = 0
        self._sha = sha256()
        self._finding = ""

    def take(self, truth: bytes) -> None:
        self._sha.update(truth)
        self._bytes += len(truth)
        self._lines += truth.count(b"\n")
        if self._there is None or self._finding:
            return
        part = self._there[self._at:self._at + len(truth)]
        if not truth.startswith(part):
            self._finding = difference(self._path, part, truth, self._rows)
        self._at += len(part)
        self._rows += part.count(b"\n")

    def truth(self) -> FileState:
        """What was taken so far."""
        return FileState(self._sha.hexdigest(), self._bytes, self._lines - 1)

    def finding(self, durable: int) -> str:
        """What was found, once the truth has been told to its end. `durable`: so many bytes of the file no crash can
        have lost."""
        if self._there is None:
            return difference(self._path, None, b"") if durable else ""
        if self._finding or durable <= len(self._there) == self._at:
            return self._finding
        return f"{self._path}:{self._rows + 1}: differs from the journal; {REBUILD}"
