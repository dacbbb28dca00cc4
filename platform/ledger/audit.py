"""Whether a billing state is what it says: chain, keys, sums, balances at every point, and every projection.

`verify` only looks: it takes the lock, so that it sees no half-written state, reads every file once and from its start,
and changes nothing; no manifest and no cache spares it a line. What a crash may leave behind is no finding: an
unterminated last line that nobody was told of, projections that are behind. Whatever else differs is one.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger import manifest
from platform.ledger.balance import Account, Book
from platform.ledger.disk import DISK, locked, read_whole, write_whole
from platform.ledger.follow import REBUILD
from platform.ledger.journal import LOCK, Ledger
from platform.ledger.log import JOURNAL
from platform.ledger.manifest import Manifest
from platform.ledger.projections import CREDITS, HEADERS, credits_lines, lines
from platform.ledger.record import GENESIS, HEADER, BadRecord, decode
from platform.ledger.recovery import Tail, judge

RESTORE = "restore it, nothing was changed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`posts` are those that were found sound, in order; `findings` one line each, with file and line."""

    posts: int
    head: str
    balances: Mapping[str, int]  # credits by tenant after those posts
    findings: tuple[str, ...]


def audit(folder: Path) -> tuple[str, ...]:
    """One line a finding; none when all is right."""
    return verify(folder).findings


def verify(folder: Path) -> Verdict:
    """Replay the journal and compare everything with it. Its own damage is the only finding when there is some."""
    with locked(DISK, folder / LOCK):
        files = {name: read_whole(DISK, folder / name) for name in (JOURNAL, manifest.NAME, CREDITS, *HEADERS)}
    replay = _Replay(folder / JOURNAL)
    try:
        known = _manifest(folder, files[manifest.NAME])
        replay.run(files[JOURNAL], known)
        findings = tuple(_projection_findings(folder, files, replay, known))
    except CorruptError as error:
        findings = (str(error),)
    return Verdict(replay.book.seq, replay.head, replay.book.balances(), findings)


def rebuild(folder: Path) -> tuple[str, ...]:
    """Make every projection again from the journal; the names of those that were not already right. CorruptError, and
    nothing changed, when the journal or the manifest is not sound."""
    ledger = Ledger.open(folder)
    wrong = _wrong(folder, ledger)
    with locked(DISK, folder / LOCK):
        for name, data in wrong.items():
            write_whole(DISK, folder / name, data)
    ledger.checkpoint()
    return tuple(wrong)


class _Replay:
    """The journal read from its first byte: its book, and what every projection should hold."""

    def __init__(self, path: Path) -> None:
        self.book, self.head = Book(), GENESIS
        self.truth = {name: bytearray(header) for name, header in HEADERS.items()}
        self.accounts_at_manifest: dict[str, Account] | None = None
        self._path = path

    def run(self, data: bytes | None, known: Manifest | None) -> None:
        """CorruptError with the line of the first thing that is wrong."""
        if data is None or not data.startswith(HEADER):
            raise CorruptError(f"{self._path}:1: {'is gone' if data is None else 'is not a journal'}; {RESTORE}")
        *whole, tail = data[len(HEADER):].split(b"\n")
        for line in whole:
            self._take(line + b"\n", known)
        if tail:
            match judge(tail, self.book.seq + 1, self.head):
                case Tail.COMPLETE:
                    self._take(tail + b"\n", known)
                case Tail.DAMAGED:
                    raise CorruptError(f"{self._path}:{self.book.seq + 2}: the last line is damaged; {RESTORE}")
        if known and self.book.seq < known.seq:
            raise CorruptError(f"{self._path}:{self.book.seq + 2}: ends before line {known.seq + 1}, which the "
                               f"manifest names; {RESTORE}")

    def _take(self, line: bytes, known: Manifest | None) -> None:
        place = f"{self._path}:{self.book.seq + 2}"
        try:
            record = decode(line, self.book.seq + 1, self.head)
            self.book.apply(record.post, record.body, record.ts)
        except (BadRecord, CorruptError) as error:
            raise CorruptError(f"{place}: {error}; {RESTORE}") from error
        self.head = record.hash
        for name, added in lines(record).items():
            self.truth[name] += added
        if known and known.seq == record.seq:
            if known.hash != record.hash:
                raise CorruptError(f"{place}: is not the line that the manifest names; {RESTORE}")
            self.accounts_at_manifest = self.book.accounts()


def _manifest(folder: Path, data: bytes | None) -> Manifest | None:
    try:
        return None if data is None else manifest.parse(data)
    except ValueError as error:
        raise CorruptError(f"{folder / manifest.NAME}:1: {error}; {RESTORE}") from error


def _projection_findings(folder: Path, files: Mapping[str, bytes | None], replay: _Replay,
                         known: Manifest | None) -> Iterator[str]:
    for name, truth in replay.truth.items():
        there, durable = files[name], known.files[name].bytes if known else 0
        if there is None and not durable:
            continue
        if there is None or len(there) < durable or not truth.startswith(there):
            yield _difference(folder / name, there, bytes(truth))
    there, now = files[CREDITS], credits_lines(replay.book.accounts())
    then = now if replay.accounts_at_manifest is None else credits_lines(replay.accounts_at_manifest)
    if there not in (now, then) and not (there is None and known is None):
        yield _difference(folder / CREDITS, there, now)


def _wrong(folder: Path, ledger: Ledger) -> dict[str, bytes]:
    whole = {name: bytearray(header) for name, header in HEADERS.items()}
    for record in ledger.records():
        for name, data in lines(record).items():
            whole[name] += data
    truth = {**{name: bytes(data) for name, data in whole.items()}, CREDITS: credits_lines(ledger.book.accounts())}
    return {name: data for name, data in truth.items() if read_whole(DISK, folder / name) != data}


def _difference(path: Path, there: bytes | None, truth: bytes) -> str:
    if there is None:
        return f"{path}:1: is missing; {REBUILD}"
    pairs = zip(there.split(b"\n"), truth.split(b"\n"), strict=False)
    line = next((number for number, (ours, right) in enumerate(pairs, 1) if ours != right), 1)
    return f"{path}:{line}: differs from the journal; {REBUILD}"
