"""A long journal is proved on all processors: with the verdict that reading it line by line would give, always."""
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import pytest

from platform.ledger.journal import snapshot
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.replay import Verdict
from platform.ledger.proof import line_by_line, parallel
from platform.ledger.proof.audit import verify
from platform.ledger.proof.crew import Crew
from platform.ledger.proof.slices import cut
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Account
from platform.model.entry import Post, PostType
from tests.faults.work import state_of_posts
from tests.ledger.conftest import noon

FLIPPED = 53  # of so many bytes one: the campaign flips every bit of a short journal


@pytest.fixture
def folder(state: Path) -> Path:
    """Twenty posts of every kind, checkpointed."""
    state_of_posts(state)
    return state


@pytest.fixture
def sliced(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Verdict]:
    """`verify` as it is of a long journal, in slices of about two lines."""
    def verdict(folder: Path) -> Verdict:
        with monkeypatch.context() as patch:
            patch.setattr(parallel, "_LONG", 0)
            patch.setattr(parallel, "cut", partial(cut, slice_bytes=600))
            return verify(folder)
    return verdict


def test_a_sound_state_is_proved_and_not_read_twice(folder: Path, sliced: Callable[[Path], Verdict],
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    alone = verify(folder)
    assert alone.findings == () and alone.posts == 20
    monkeypatch.setattr(line_by_line, "verdict", None)  # who reads line by line
    assert sliced(folder) == alone


@pytest.mark.slow
def test_tables_that_a_crash_left_behind_are_proved_as_well(folder: Path, sliced: Callable[[Path], Verdict],
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "state_manifest.json").unlink()  # which says how far they have to reach
    (folder / "journal.snapshot").unlink(missing_ok=True)
    whole = (folder / "transactions.csv").read_bytes()
    monkeypatch.setattr(line_by_line, "verdict", None)
    for left in range(0, len(whole), 101):
        (folder / "transactions.csv").write_bytes(whole[:left])
        assert sliced(folder).findings == ()


@pytest.mark.slow
def test_whatever_byte_is_changed_the_verdict_is_the_same(folder: Path, sliced: Callable[[Path], Verdict]) -> None:
    found = 0
    for path, changed in changes(folder):
        right = path.read_bytes()
        path.write_bytes(changed)
        alone = verify(folder)
        assert sliced(folder) == alone
        found += bool(alone.findings)
        path.write_bytes(right)
    assert found > 100


def changes(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.glob("*.*")):
        data = path.read_bytes()
        for at in range(0, len(data), FLIPPED):
            yield path, data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
        rows = data.splitlines(keepends=True)
        yield path, b"".join([*rows[:5], *rows[6:]])
        yield path, b"".join([*rows[:5], *rows[4:]])
        yield path, b"".join([*rows[:4], *rows[5:6], *rows[4:5], *rows[6:]])
        yield path, data[:-1]
        yield path, b"".join(rows[:-1])
        yield path, b""


def test_a_number_that_cannot_be_packed_is_read_in_full(folder: Path, sliced: Callable[[Path], Verdict]) -> None:
    with closing(Ledger.open(folder, noon)) as ledger:
        ledger.post(lambda book: [Post("big", "topup", "tenant", PostType.TOPUP, 2**70)])
        ledger.checkpoint()
    alone = verify(folder)
    assert (sliced(folder), alone.posts, alone.findings) == (alone, 21, ())


@pytest.mark.parametrize("change", ["mark", "missing", "swapped", "balance", "epoch", "none"])
def test_a_false_snapshot_with_a_right_digest_is_found(folder: Path, sliced: Callable[[Path], Verdict],
                                                       change: str) -> None:
    point, book = snapshot.parse((folder / snapshot.NAME).read_bytes())
    tables = book.tables()
    first, second, *_ = tables.posts
    match change:
        case "mark":
            tables.posts[first] ^= 1
        case "missing":
            del tables.posts[second]
        case "swapped":
            tables.posts[first] = tables.posts.pop(first)
        case "balance":
            tables.accounts["tenant"] = Account(tables.accounts["tenant"].balance_credits + 1, "")
        case "epoch":
            tables.tasks.popitem()
    (folder / snapshot.NAME).write_bytes(snapshot.render(point, book))
    alone = verify(folder)
    assert sliced(folder) == alone
    assert ["journal.snapshot:1: differs" in finding for finding in alone.findings] == [True] * (change != "none")


def test_a_snapshot_of_the_middle_of_a_slice_is_held_to_its_own_posts(folder: Path, sliced: Callable[[Path], Verdict],
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_by_line, "verdict", None)
    journal = (folder / "journal.csv").read_bytes()
    ends = [at + 1 for at, byte in enumerate(journal) if byte == ord("\n")][1:]
    with closing(Ledger.open(folder, noon, snapshot_posts=None)) as ledger:
        records = list(ledger.records())
    for seq, end in enumerate(ends, 1):
        book = Book()
        for record in records[:seq]:
            book.apply(record.post, at=record.ts)
        point = snapshot.Point(end, seq, records[seq - 1].hash, sha256(journal[:end]).hexdigest())
        (folder / snapshot.NAME).write_bytes(snapshot.render(point, book))
        assert sliced(folder).findings == ()


def test_a_journal_in_slices_is_the_journal(folder: Path) -> None:
    journal = (folder / "journal.csv").read_bytes()
    for slice_bytes in (1, 400, 3000, len(journal)):
        places = cut(journal, 0, slice_bytes)
        header = journal[:places[0][0]]
        assert header + b"".join(journal[start:end] for start, end in places) == journal
        assert all(journal[end - 1:end] == b"\n" for _, end in places)
    assert len(cut(journal, 0, 1)) == 20


def test_work_of_a_child_that_was_killed_is_done_here() -> None:
    here = os.getpid()

    def work(number: int) -> int:
        if os.getpid() != here:
            os._exit(9)
        return number * number

    with Crew(work, 5) as crew:
        assert list(crew) == [0, 1, 4, 9, 16]


def test_without_a_process_to_spare_all_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    with Crew(lambda number: number * number, 5) as crew:
        assert list(crew) == [0, 1, 4, 9, 16]


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="one processor: there are no children")
def test_children_take_part_in_the_work() -> None:
    here, busy = os.getpid(), get_context("fork").Event()

    def work(number: int) -> bool:
        if os.getpid() == here:
            return not busy.wait(60)
        busy.set()
        return True

    with Crew(work, 50) as crew:
        assert any(crew)
