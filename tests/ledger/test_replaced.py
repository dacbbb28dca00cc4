"""A journal that another process replaces or deletes while this one has it open: go on, or say what to do."""
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from platform.errors import ConflictError, CorruptError, PlatformError, StaleError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.proof.audit import audit
from platform.ledger.rules.credit import topup

ROOT = Path(__file__).resolve().parents[2]
SWAP = """
import _platform_boot, sys
from pathlib import Path
from platform.ledger.rules.credit import topup
from platform.state.local import LocalState
local = LocalState(Path(sys.argv[1]))
ours, keep = local.lines(), int(sys.argv[2])
theirs = LocalState(Path(sys.argv[1] + "-theirs"))
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.record import HEADER
theirs.folder.mkdir()
(theirs.folder / JOURNAL).write_bytes(HEADER + b"".join(ours[:keep]))
ledger = Ledger.open(theirs.folder)
for reference in sys.argv[3:]:
    ledger.post(lambda book: [topup("tenant", 1, "bank-wire", reference)])
ledger.close()
assert local.become(theirs.lines(), ours)
"""


def swap(state: Path, keep: int, *references: str) -> None:
    """Another process puts a journal in its place, as `state hydrate` does: the first `keep` posts, then others."""
    subprocess.run([sys.executable, "-c", SWAP, str(state), str(keep), *references], cwd=ROOT, check=True)


def give(ledger: Ledger, reference: str) -> None:
    ledger.post(lambda book: [topup("tenant", 1, "bank-wire", reference)])


@pytest.fixture
def used(ledger: Ledger) -> Ledger:
    give(ledger, "a")
    give(ledger, "b")
    return ledger


@pytest.mark.parametrize(("keep", "others", "balance"), [
    (2, ("c", "d"), 5),  # it begins with the same bytes
    (0, ("c", "a", "b"), 4),  # ours were posted again after others: all of them are there
    (1, ("c", "b"), 4),
    (2, ("more",), 3),  # and what is posted next is there already
])
def test_a_journal_that_has_all_of_the_old_one_is_gone_on_with(used: Ledger, state: Path, keep: int,
                                                               others: tuple[str, ...], balance: int) -> None:
    swap(state, keep, *others)
    give(used, "more")
    assert used.book.balance("tenant") == balance
    used.checkpoint()
    used.close()
    assert audit(state) == ()
    with closing(Ledger.open(state)) as again:
        assert again.book.balance("tenant") == balance


def test_who_reads_the_old_journal_reads_it_to_its_end(used: Ledger, state: Path) -> None:
    records = used.records()
    first = next(records)
    swap(state, 2, "c")
    give(used, "d")
    assert [first.seq, *(record.seq for record in records)][:2] == [1, 2]


def test_a_journal_that_lacks_a_post_is_a_conflict_from_then_on(used: Ledger, state: Path) -> None:
    swap(state, 1, "c")
    for _ in range(2):
        with pytest.raises(ConflictError, match=r"1 post that this one had read are not in it.*run again"):
            give(used, "d")
    assert [record.post.metadata["reference"] for record in Ledger.open(state).records()] == ["a", "c"]


def renamed(state: Path) -> None:
    copy = state.with_name("copy")
    shutil.copytree(state, copy)
    shutil.rmtree(state)
    copy.rename(state)


def test_a_whole_state_that_was_copied_back_is_gone_on_with(used: Ledger, state: Path) -> None:
    """The lock file is another one, too: nobody else may hold the one that we had."""
    renamed(state)
    give(used, "c")
    assert Ledger.open(state).book.balance("tenant") == 3


def test_a_journal_that_was_moved_away_gets_no_post(used: Ledger, state: Path) -> None:
    """It still has a name, but not the one that others read."""
    journal = state / "journal.csv"
    journal.rename(state / "journal.csv.bak")
    shutil.copy(state / "journal.csv.bak", journal)
    before = (state / "journal.csv.bak").read_bytes()
    give(used, "c")
    assert ((state / "journal.csv.bak").read_bytes(), Ledger.open(state).book.balance("tenant")) == (before, 3)


@pytest.mark.parametrize(("delete", "error", "words"), [
    (lambda state: (state / "journal.csv").unlink(), CorruptError, "is gone while other files"),
    (shutil.rmtree, StaleError, "does not exist, or was deleted while it was in use"),
    (lambda state: [shutil.rmtree(state), state.mkdir()], StaleError, "was deleted while it was in use"),
])
def test_what_was_deleted_is_never_made_anew(used: Ledger, state: Path, delete: Callable[[Path], object],
                                             error: type[PlatformError], words: str) -> None:
    used.checkpoint()
    delete(state)
    with pytest.raises(error, match=words):
        give(used, "c")
    assert not (state / "journal.csv").exists()
