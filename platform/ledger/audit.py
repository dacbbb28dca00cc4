"""Whether a billing state is what it says: chain, keys, sums, balances at every point, and every projection.

`verify` only looks: it takes the lock, so that it sees no half-written state, reads every file once and from its start,
and changes nothing; no manifest and no cache spares it a line. What a crash may leave behind is no finding: an
unterminated last line that nobody was told of, projections that are behind. Whatever else differs is one.

A long journal is proved sound on all processors: its book here, its lines and its tables in slices (slices.py). One
that is not is read again from its start, for the first thing that is wrong.
"""
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from platform.errors import CorruptError
from platform.ledger import manifest, snapshot
from platform.ledger.balance import Book
from platform.ledger.columns import batches
from platform.ledger.compare import RESTORE, difference, records, row_findings
from platform.ledger.crew import Crew
from platform.ledger.disk import DISK, locked, read_whole, refusals, write_whole
from platform.ledger.follow import REBUILD
from platform.ledger.journal import LOCK, Ledger
from platform.ledger.log import JOURNAL
from platform.ledger.manifest import Manifest
from platform.ledger.projections import CREDITS, HEADERS, credits_lines, rows
from platform.ledger.record import GENESIS, HEADER, BadRecord
from platform.ledger.slices import Known, Parts, Proof, Slice, cut, is_table, known_in, known_of, prove, rows_in
from platform.ledger.snapshot import Point
from platform.ledger.tables import Account

_LONG = 4 << 20  # bytes of a journal from which on other processes are worth their start


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
        files = {name: read_whole(DISK, folder / name)
                 for name in (JOURNAL, manifest.NAME, CREDITS, *HEADERS, snapshot.NAME)}
    return _proved(folder, files) or _told(folder, files)


def rebuild(folder: Path) -> tuple[str, ...]:
    """Make every projection again from the journal; the names of those that were not already right. CorruptError, and
    nothing changed, when the journal or the manifest is not sound. A snapshot is thrown away: it is only for speed."""
    ledger = Ledger.open(folder, snapshot_posts=None)
    wrong = _wrong(folder, ledger)
    with locked(DISK, folder / LOCK):
        for name, data in wrong.items():
            write_whole(DISK, folder / name, data)
        with refusals(folder / snapshot.NAME, "throw away"):
            (folder / snapshot.NAME).unlink(missing_ok=True)
    ledger.checkpoint()
    return tuple(wrong)


def _told(folder: Path, files: Mapping[str, bytes | None]) -> Verdict:
    """What is wrong, if anything."""
    replay = _Replay(folder / JOURNAL)
    try:
        findings = tuple(_findings(folder, files, replay))
    except CorruptError as error:
        findings = (str(error),)
    return replay.verdict(findings)


def _findings(folder: Path, files: Mapping[str, bytes | None], replay: "_Replay") -> Iterator[str]:
    journal, known = files[JOURNAL], _manifest(folder, files[manifest.NAME])
    if journal is None:
        raise CorruptError(f"{folder / JOURNAL}:1: is gone; {RESTORE}")
    kept = _kept(files[snapshot.NAME], journal)
    replay.run(map(known_of, records(folder / JOURNAL, journal)), known, kept)
    yield from row_findings(folder / JOURNAL, journal, files, known)
    if finding := _credits_finding(folder / CREDITS, files[CREDITS], replay, known):
        yield finding
    if kept and not replay.snapshot_is_true:
        yield f"{folder / snapshot.NAME}:1: differs from the journal; {REBUILD}"


def _proved(folder: Path, files: Mapping[str, bytes | None]) -> Verdict | None:
    """The verdict on a long journal when everything is right and up to date; None when it is not, or short."""
    journal = files[JOURNAL] or b""
    if len(journal) < _LONG or not journal.startswith(HEADER) or not journal.endswith(b"\n"):
        return None
    slices, replay = cut(journal), _Replay(folder / JOURNAL)
    try:
        with _no_search_for_cycles(), Crew(lambda number: prove(journal, *slices[number]), len(slices)) as crew:
            known, kept = _manifest(folder, files[manifest.NAME]), _kept(files[snapshot.NAME], journal)
            parts = list[Parts]()
            replay.run(_as_proved(crew, parts), known, kept)
    except (BadRecord, CorruptError):
        return None
    right = (all(_is_table(name, files[name], known, journal, slices, parts) for name in HEADERS)
             and not _credits_finding(folder / CREDITS, files[CREDITS], replay, known)
             and replay.snapshot_is_true is not (kept is None))
    return replay.verdict(()) if right else None


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """There are none, here or in the children, and looking for them would take a tenth of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _as_proved(crew: Iterable[Proof | None], parts: list[Parts]) -> Iterator[Known]:
    """What slices say of the journal, in its order; their tables go to `parts`. BadRecord for one that is not sound."""
    for proof in crew:
        if proof is None:
            raise BadRecord("a slice is not sound")
        parts.append(proof.parts)
        yield from known_in(proof)


def _is_table(name: str, there: bytes | None, known: Manifest | None, journal: bytes, slices: Sequence[Slice],
              proved: Sequence[Parts]) -> bool:
    """Whether a table is as the journal has it, or behind, but no further than a crash leaves it."""
    durable = known.files[name].bytes if known and name in known.files else 0
    if there is None or len(there) < durable:
        return there is None and not durable
    parts = [part[name] for part in proved]
    return is_table(there, HEADERS[name], parts, lambda number: rows_in(journal, *slices[number])[name])


class _Replay:
    """The journal read from its first byte: its book, and what a checkpoint and a snapshot should hold."""

    def __init__(self, path: Path) -> None:
        self.book, self.head = Book(), GENESIS
        self.accounts_at_manifest: dict[str, Account] | None = None
        self.snapshot_is_true = False
        self._path = path

    def verdict(self, findings: tuple[str, ...]) -> Verdict:
        return Verdict(self.book.seq, self.head, self.book.balances(), findings)

    def run(self, journal: Iterable[Known], known: Manifest | None, kept: "_Snapshot | None") -> None:
        """CorruptError with the line of the first thing that is wrong."""
        last_named, last_kept = known.seq if known else 0, kept.point.seq if kept else 0
        for record in journal:
            try:
                self.book.apply(record.post, record.kept, record.ts)
            except CorruptError as error:
                raise CorruptError(f"{self._path}:{record.seq + 1}: {error}; {RESTORE}") from error
            self.head = record.hash
            if known and record.seq == last_named:
                self._meet(known, record)
            if kept and record.seq == last_kept:
                self.snapshot_is_true = kept.is_of(record, self.book)
        if self.book.seq < last_named:
            raise CorruptError(f"{self._path}:{self.book.seq + 2}: ends before line {last_named + 1}, which the "
                               f"manifest names; {RESTORE}")

    def _meet(self, known: Manifest, record: Known) -> None:
        if known.hash != record.hash:
            raise CorruptError(f"{self._path}:{record.seq + 1}: is not the line that the manifest names; {RESTORE}")
        self.accounts_at_manifest = self.book.accounts()


def _manifest(folder: Path, data: bytes | None) -> Manifest | None:
    try:
        return None if data is None else manifest.parse(data)
    except ValueError as error:
        raise CorruptError(f"{folder / manifest.NAME}:1: {error}; {RESTORE}") from error


class _Snapshot(NamedTuple):
    """One at which a ledger would begin."""

    data: bytes
    point: Point
    lines: int  # of the journal up to there, with its header

    def is_of(self, record: Known, book: Book) -> bool:
        """Whether it is what would be written after this record."""
        return ((self.point.head, self.lines) == (record.hash, record.seq + 1)
                and snapshot.render(self.point, book) == self.data)


def _kept(data: bytes | None, journal: bytes) -> _Snapshot | None:
    """None when a ledger would not look at the snapshot twice."""
    try:
        point = snapshot.point_of(data or b"")
    except ValueError:
        return None
    if not data or sha256(memoryview(journal)[:point.bytes]).hexdigest() != point.sha256:
        return None
    return _Snapshot(data, point, journal.count(b"\n", 0, point.bytes))


def _credits_finding(path: Path, there: bytes | None, replay: _Replay, known: Manifest | None) -> str:
    now = credits_lines(replay.book.accounts())
    then = now if replay.accounts_at_manifest is None else credits_lines(replay.accounts_at_manifest)
    return difference(path, there, now) if there not in (now, then) and not (there is None and known is None) else ""


def _wrong(folder: Path, ledger: Ledger) -> dict[str, bytes]:
    truth = {name: bytearray(header) for name, header in HEADERS.items()}
    for lines in batches(ledger.records()):
        for name, data in rows(lines).items():
            truth[name] += data
    whole = {**{name: bytes(data) for name, data in truth.items()}, CREDITS: credits_lines(ledger.book.accounts())}
    return {name: data for name, data in whole.items() if read_whole(DISK, folder / name) != data}
