"""The verdict on a billing state whose files are read from their start: what is wrong first, and
where. Pure."""
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal import checkpoint, snapshot
from platform.ledger.journal.checkpoint import Checkpoint, FileState
from platform.ledger.journal.columns import batches
from platform.ledger.journal.compare import REBUILD, TableCheck, differs, is_newest, missing
from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.projections import CREDITS, HEADERS, credits_ever, credits_lines, rows
from platform.ledger.journal.record import Record
from platform.ledger.journal.replay import (
    RESTORE,
    Replay,
    Verdict,
    kept_snapshot,
    known_of,
    parse_manifest,
    records,
)
from platform.model.digest import sha256_hex

Files = Mapping[str, bytes | None]  # a state's files by name; None for one that does not exist


def verdict(folder: Path, files: Files) -> Verdict:
    """The verdict, with one finding for each file that is wrong. `folder` is what they call the
    state."""
    replay = Replay(folder / JOURNAL)
    try:
        findings = tuple(_findings(folder, files, replay))
    except CorruptError as error:
        findings = (str(error),)
    return replay.verdict(findings)


def check_credits(path: Path, there: bytes | None, replay: Replay, known: Checkpoint | None,
                  ever: Iterable[tuple[int, str, bytes]]) -> None:
    """CorruptError when the table of balances was not true at the checkpoint or later. `ever` as
    for `is_newest`."""
    if there is None and known:
        raise missing(path)
    accounts = replay.accounts_at_manifest
    then = "" if accounts is None else sha256_hex(credits_lines(accounts))
    now = credits_lines(replay.book.accounts())
    is_newest(path, there, now, (known.seq if known else 0, then), ever)


def _findings(folder: Path, files: Files, replay: Replay) -> Iterator[str]:
    path, journal, known = (
        folder / JOURNAL,
        files[JOURNAL],
        parse_manifest(folder, files[checkpoint.NAME]),
    )
    if journal is None:
        raise CorruptError(f"{path}:1: is gone; {RESTORE}")
    kept = kept_snapshot(files[snapshot.NAME], journal)
    replay.run(map(known_of, records(path, journal)), known, kept)
    yield from _table_findings(folder, files, records(path, journal), known)
    try:
        check_credits(
            folder / CREDITS, files[CREDITS], replay, known, credits_ever(records(path, journal))
        )
    except CorruptError as error:
        yield str(error)
    if kept and not replay.snapshot_is_true:
        yield str(differs(folder / snapshot.NAME, 1))


def _table_findings(folder: Path, files: Files, journal: Iterable[Record], known: Checkpoint | None,
                    ) -> Iterator[str]:
    """One line a table. A table may be behind, as a crash leaves it, but not behind the
    checkpoint; and the checkpoint names what the tables were at its line."""
    named, tables = (
        known.files if known else {},
        {name: _Table(folder / name, files[name]) for name in HEADERS},
    )
    at_checkpoint: dict[str, FileState] = {}
    for name, header in HEADERS.items():
        tables[name].take(header)
    for after, some in groupby(journal, lambda record: record.seq > (known.seq if known else 0)):
        if after:
            at_checkpoint = _states(tables)
        for lines in batches(some):
            for name, added in rows(lines).items():
                tables[name].take(added)
    at_checkpoint = at_checkpoint or _states(tables)
    wrong = [
        name for name, state in at_checkpoint.items() if name in named and named[name] != state
    ]
    for name, table in tables.items():
        yield from table.finding(named[name].bytes if name in named and name not in wrong else 0)
    for name in wrong:
        yield (
            f"{folder / checkpoint.NAME}:1: names another {name} than the journal makes; {REBUILD}"
        )


def _states(tables: Mapping[str, "_Table"]) -> dict[str, FileState]:
    return {name: table.check.state() for name, table in tables.items()}


class _Table:
    """A table, and the first thing that is wrong with it."""

    def __init__(self, path: Path, there: bytes | None) -> None:
        self.check = TableCheck(path)
        self._there, self._finding = there, ""

    def take(self, truth: bytes) -> None:
        """The next bytes of the truth."""
        at = self.check.at
        try:
            self.check.take(truth, (self._there or b"")[at:at + len(truth)])
        except CorruptError as error:
            self._finding = self._finding or str(error)

    def finding(self, durable: int) -> Iterator[str]:
        """Once the truth is complete. `durable` as for `TableCheck.end`."""
        try:
            self.check.end(None if self._there is None else len(self._there), durable)
        except CorruptError as error:
            self._finding = self._finding or str(error)
        if self._finding:
            yield self._finding
