"""Whether a billing state is what its journal says: chain, keys, sums, every balance, and every
table.

`verify` only reads: it takes no lock and changes nothing. It reads every file from its start; no
checkpoint and no cache spares it a line. What a crash may leave behind is not a finding: an
unterminated last line that was never acknowledged, and tables that are behind. Any other difference
is one.
"""
from pathlib import Path

from platform.ledger.journal import checkpoint, snapshot
from platform.ledger.journal.columns import batches
from platform.ledger.journal.compare import is_whole
from platform.ledger.journal.disk import DISK, locked, read_whole, refusals, write_whole
from platform.ledger.journal.file_store import JOURNAL, LOCK
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.projections import CREDITS, HEADERS, credits_lines, rows
from platform.ledger.journal.replay import Verdict
from platform.ledger.proof import line_by_line, parallel

_TRIES = 10  # of reading files that others write at the same time


def audit(folder: Path) -> tuple[str, ...]:
    """One line for each finding; none when everything is right. `folder` is the billing state
    directory."""
    return verify(folder).findings


def verify(folder: Path) -> Verdict:
    """Replay the journal and compare every file with it. Findings have file and line; a damaged
    journal is the only finding then.

    Others may post in the meantime. A finding therefore counts when the files are the same before
    and after; otherwise they are read again. StorageError when a file cannot be read.
    """
    files = _files(folder)
    for _ in range(_TRIES):
        verdict = parallel.proved(folder, files) or line_by_line.verdict(folder, files)
        if not verdict.findings or (again := _files(folder)) == files:
            break
        files = again
    return verdict


def _files(folder: Path) -> dict[str, bytes | None]:
    """The state's files. The journal is read last, so that it has every post that the others depend
    on."""
    names = (checkpoint.NAME, snapshot.NAME, CREDITS, *HEADERS, JOURNAL)
    return {name: read_whole(DISK, folder / name) for name in names}


def rebuild(folder: Path) -> tuple[str, ...]:
    """Make every table again from the journal; the names of those that were wrong.

    The snapshot is deleted, because it only saves time. CorruptError, and nothing is changed, when
    the journal or the checkpoint is damaged.
    """
    ledger = Ledger.open(folder, snapshot_posts=None)
    wrong = _wrong(folder, ledger)
    with locked(DISK, folder / LOCK):
        for name, data in wrong.items():
            write_whole(DISK, folder / name, data)
        with refusals(folder / snapshot.NAME, "throw away"):
            (folder / snapshot.NAME).unlink(missing_ok=True)
    ledger.checkpoint(believing=False)
    return tuple(wrong)


def _wrong(folder: Path, ledger: Ledger) -> dict[str, bytes]:
    """The tables that are not the whole truth, with the truth."""
    truth = {name: bytearray(header) for name, header in HEADERS.items()}
    for lines in batches(ledger.records()):
        for name, data in rows(lines).items():
            truth[name] += data
    truth[CREDITS] = bytearray(credits_lines(ledger.book.accounts()))
    whole = {name: bytes(data) for name, data in truth.items()}
    return {name: data for name, data in whole.items()
            if not is_whole(folder / name, read_whole(DISK, folder / name), data)}
