"""A journal and every CSV file of its state, read from the start, line by line: what is wrong first, and where."""
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.columns import batches
from platform.ledger.follow import REBUILD
from platform.ledger.manifest import Manifest
from platform.ledger.projections import HEADERS, rows
from platform.ledger.record import GENESIS, HEADER, BadRecord, Record, decode
from platform.ledger.recovery import Tail, judge

RESTORE = "restore it, nothing was changed"
_BUFFER = 1 << 16


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


def row_findings(path: Path, journal: bytes, files: Mapping[str, bytes | None], known: Manifest | None,
                 ) -> tuple[str, ...]:
    """What differs from the journal at `path`, one line a file; nothing when the journal itself is damaged. A file may
    be behind, as a crash leaves it, but not behind the manifest."""
    durable = {name: state.bytes for name, state in known.files.items()} if known else {}  # of older tables, maybe
    compared = {name: _Compared(path.with_name(name), files[name], durable.get(name, 0)) for name in HEADERS}
    pending = {name: bytearray(header) for name, header in HEADERS.items()}
    try:
        for lines in batches(records(path, journal)):
            for name, added in rows(lines).items():
                pending[name] += added
                if len(pending[name]) > _BUFFER:
                    compared[name].take(bytes(pending[name]))
                    pending[name].clear()
    except CorruptError:
        return ()
    for name, rest in pending.items():
        compared[name].take(bytes(rest))
    return tuple(finding for each in compared.values() if (finding := each.finding()))


def difference(path: Path, there: bytes | None, truth: bytes, rows: int = 0) -> str:
    """One line that says where a file differs first; `rows` stand above what is given of it."""
    if there is None:
        return f"{path}:1: is missing; {REBUILD}"
    pairs = zip(there.split(b"\n"), truth.split(b"\n"), strict=False)
    line = next((number for number, (ours, right) in enumerate(pairs, rows + 1) if ours != right), rows + 1)
    return f"{path}:{line}: differs from the journal; {REBUILD}"


class _Compared:
    """One file, against the truth as it comes. `durable`: so many bytes of it no crash can have lost."""

    def __init__(self, path: Path, there: bytes | None, durable: int) -> None:
        self._path, self._there, self._durable = path, there, durable
        self._at = self._rows = 0
        self._finding = difference(path, None, b"") if there is None and durable else ""

    def take(self, truth: bytes) -> None:
        if self._there is None or self._finding:
            return
        part = self._there[self._at:self._at + len(truth)]
        if not truth.startswith(part):
            self._finding = difference(self._path, part, truth, self._rows)
        self._at += len(part)
        self._rows += part.count(b"\n")

    def finding(self) -> str:
        """What was found, once the truth has been told to its end."""
        if self._there is None or self._finding:
            return self._finding
        if self._durable <= len(self._there) == self._at:
            return ""
        return f"{self._path}:{self._rows + 1}: differs from the journal; {REBUILD}"
