"""The verdict on a long journal in which everything is right, on all processors: its book here, its lines and tables in
slices (slices.py)."""
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger import manifest, snapshot
from platform.ledger.crew import Crew
from platform.ledger.log import JOURNAL
from platform.ledger.manifest import Manifest
from platform.ledger.projections import CREDITS, HEADERS
from platform.ledger.record import HEADER, BadRecord
from platform.ledger.replay import Known, Replay, Verdict, credits_finding, kept_snapshot, parse_manifest
from platform.ledger.slices import Proof, Slice, Table, cut, known_in, prove, rows_in

_LONG = 4 << 20  # bytes of a journal from which on other processes are worth their start


def proved(folder: Path, files: Mapping[str, bytes | None]) -> Verdict | None:
    """The verdict on a long journal when everything is right and up to date; None when it is not, or short."""
    journal = files[JOURNAL] or b""
    if len(journal) < _LONG or not journal.startswith(HEADER) or not journal.endswith(b"\n"):
        return None
    slices, replay, posts = cut(journal), Replay(folder / JOURNAL), bytearray()
    tables = {name: Table(files[name] or b"", header) for name, header in HEADERS.items()}
    try:
        with _no_search_for_cycles(), Crew(lambda number: prove(journal, *slices[number]), len(slices)) as crew:
            known, kept = parse_manifest(folder, files[manifest.NAME]), kept_snapshot(files[snapshot.NAME], journal)
            replay.run(_as_proved(crew, journal, slices, tables, posts), known, kept, posts)
    except (BadRecord, CorruptError):
        return None
    right = (all(table.is_right() and _reaches(files[name], name, known) for name, table in tables.items())
             and not credits_finding(folder / CREDITS, files[CREDITS], replay, known)
             and replay.snapshot_is_true is not (kept is None))
    return replay.verdict(()) if right else None


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Records are in none, here and in the children, and looking for them would take a tenth of the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _as_proved(crew: Iterable[Proof | None], journal: bytes, slices: Sequence[Slice], tables: Mapping[str, Table],
               posts: bytearray) -> Iterator[Known]:
    """What slices say of the journal, in its order. BadRecord for one that is not sound."""
    for proof, place in zip(crew, slices, strict=True):
        if proof is None:
            raise BadRecord("a slice is not sound")
        posts += proof.posts
        for name, table in tables.items():
            table.take(proof.parts[name], partial(rows_in, journal, place, name))
        yield from known_in(proof)


def _reaches(there: bytes | None, name: str, known: Manifest | None) -> bool:
    """Whether a table is behind the journal by no more than a crash leaves it."""
    durable = known.files[name].bytes if known and name in known.files else 0
    return not durable if there is None else len(there) >= durable
