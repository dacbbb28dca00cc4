"""The verdict on a long journal in which everything is right, on all processors: its book here, its lines and tables in
slices (slices.py)."""
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger import manifest, snapshot
from platform.ledger.crew import Crew
from platform.ledger.log import JOURNAL
from platform.ledger.manifest import Manifest
from platform.ledger.projections import CREDITS, HEADERS
from platform.ledger.record import HEADER, BadRecord
from platform.ledger.replay import Known, Replay, Verdict, credits_finding, kept_snapshot, parse_manifest
from platform.ledger.slices import Parts, Proof, Slice, cut, is_table, known_in, prove, rows_in

_LONG = 4 << 20  # bytes of a journal from which on other processes are worth their start


def proved(folder: Path, files: Mapping[str, bytes | None]) -> Verdict | None:
    """The verdict on a long journal when everything is right and up to date; None when it is not, or short."""
    journal = files[JOURNAL] or b""
    if len(journal) < _LONG or not journal.startswith(HEADER) or not journal.endswith(b"\n"):
        return None
    slices, replay = cut(journal), Replay(folder / JOURNAL)
    try:
        with _no_search_for_cycles(), Crew(lambda number: prove(journal, *slices[number]), len(slices)) as crew:
            known, kept = parse_manifest(folder, files[manifest.NAME]), kept_snapshot(files[snapshot.NAME], journal)
            parts = list[Parts]()
            replay.run(_as_proved(crew, parts), known, kept)
    except (BadRecord, CorruptError):
        return None
    right = (all(_is_table(name, files[name], known, journal, slices, parts) for name in HEADERS)
             and not credits_finding(folder / CREDITS, files[CREDITS], replay, known)
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
              given: Sequence[Parts]) -> bool:
    """Whether a table is as the journal has it, or behind, but no further than a crash leaves it."""
    durable = known.files[name].bytes if known and name in known.files else 0
    if there is None or len(there) < durable:
        return there is None and not durable
    parts = [part[name] for part in given]
    return is_table(there, HEADERS[name], parts, lambda number: rows_in(journal, *slices[number])[name])
