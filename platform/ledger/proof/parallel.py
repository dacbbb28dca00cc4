"""The verdict on a long journal in which everything is right, on all processors: its book in this
process, its lines and tables in slices (slices.py)."""
import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal import checkpoint, snapshot
from platform.ledger.journal.checkpoint import Checkpoint
from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.projections import CREDITS, HEADERS
from platform.ledger.journal.record import HEADER, BadRecord
from platform.ledger.journal.replay import Known, Replay, Verdict, kept_snapshot, parse_manifest
from platform.ledger.proof.crew import Crew
from platform.ledger.proof.line_by_line import check_credits
from platform.ledger.proof.slices import Proof, Slice, Table, cut, known_in, prove, rows_in

_LONG = 4 << 20  # bytes of a journal from which on other processes are worth their start


def proved(folder: Path, files: Mapping[str, bytes | None]) -> Verdict | None:
    """The verdict on a long journal when everything is right and up to date; None when something is
    wrong, or the journal is short. `files` are the state's files by name; None for one that does
    not exist."""
    journal = files[JOURNAL] or b""
    if len(journal) < _LONG or not journal.startswith(HEADER) or not journal.endswith(b"\n"):
        return None
    replay = Replay(folder / JOURNAL)
    try:
        known = parse_manifest(folder, files[checkpoint.NAME])
        slices = cut(journal, known.files[JOURNAL].bytes if known and JOURNAL in known.files else 0)
        with (
            _no_search_for_cycles(),
            Crew(lambda number: prove(journal, *slices[number]), len(slices)) as crew,
        ):
            kept, held = kept_snapshot(files[snapshot.NAME], journal), _Held(folder, files, known)
            replay.run(held.proved(crew, journal, slices), known, kept, held.posts)
        check_credits(folder / CREDITS, files[CREDITS], replay, known, ())
    except (BadRecord, CorruptError):
        return None
    right = held.is_right() and replay.snapshot_is_true is not (kept is None)
    return replay.verdict(()) if right else None


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Records are in none, here and in the children, and looking for them would take a tenth of
    the time."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Held:
    """What is held against the slices, as they come: the tables, and what the manifest says of
    them. `posts` are `snapshot.post_rows` so far."""

    def __init__(
        self, folder: Path, files: Mapping[str, bytes | None], known: Checkpoint | None
    ) -> None:
        self.posts = bytearray()
        self._tables = {
            name: Table(folder / name, files[name] or b"", header)
            for name, header in HEADERS.items()
        }
        self._known, self._is_manifest_right = known, known is None
        self._meet(0)

    def proved(
        self, crew: Iterable[Proof | None], journal: bytes, slices: Sequence[Slice]
    ) -> Iterator[Known]:
        """What slices say of the journal, in its order. BadRecord for one that is not sound."""
        for proof, place in zip(crew, slices, strict=True):
            if proof is None:
                raise BadRecord("a slice is not sound")
            self.posts += proof.posts
            for name, table in self._tables.items():
                table.take(proof.parts[name], partial(rows_in, journal, place, name))
            known = known_in(proof)
            self._meet(known[-1].seq)
            yield from known

    def is_right(self) -> bool:
        """Of all slices: every table, which was met at the manifest's line and is what it says
        there, so that none is behind it."""
        return self._is_manifest_right and all(table.is_right() for table in self._tables.values())

    def _meet(self, seq: int) -> None:
        if self._known and seq == self._known.seq:
            named = {
                name: state for name, state in self._known.files.items() if name in self._tables
            }
            self._is_manifest_right = named == {name: self._tables[name].state() for name in named}
