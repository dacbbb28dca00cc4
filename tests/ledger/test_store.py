"""The ledger over two stores, a directory of files and rows in a database: the same posts, the same lines."""
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from platform.errors import ConflictError, CorruptError, CreditsError
from platform.ledger.journal.disk import DISK
from platform.ledger.journal.file_store import FileStore
from platform.ledger.journal.journal import LedgerReader
from platform.ledger.journal.journal_stores import JOURNAL_STORES
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import START
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import topup
from platform.ledger.rules.refund import settle
from platform.model.entry import Post, PostType
from platform.model.reasons import Reason, Reasons
from platform.model.run import Status
from platform.ports.journal_store import JournalHead, JournalStore, Rewritten
from tests.ledger.conftest import noon, order, run, step
from tests.ledger.stores import MemoryStore
from tests.ledger.test_money import ACTIVE, TODAY
from tests.support import LONGEST_WAIT_S

ONE, TWO = step("one", ("__run__", 5), ("said", 2)), step("two", ("__run__", 1))
TEA = order(ONE, TWO)
REASONS = Reasons({"timed_out": Reason("timed_out", "global", "test", True)})


def files(folder: Path) -> JournalStore:
    Ledger.create(folder, noon).close()
    return FileStore(folder)


@pytest.fixture(params=[*sorted(JOURNAL_STORES), "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> JournalStore:
    """Each registered store, and the tests' own."""
    if request.param == "memory":
        return MemoryStore()
    Ledger.create(tmp_path / "state", noon).close()
    return JOURNAL_STORES[request.param](tmp_path / "state", DISK, None).store


@pytest.fixture
def ledger(store: JournalStore) -> Ledger:
    return Ledger(store, now=noon)


def give(ledger: Ledger, *references: str) -> int:
    return len(ledger.post(lambda book: [topup("tenant", 10, "wire", name) for name in references]))


def day(ledger: Ledger) -> None:
    """A charge, a refund of one step, the charge of its repetition."""
    failed = {"one": run(ONE, Status.FAILED, "timed_out")}
    give(ledger, "a")
    ledger.post(lambda book: decide_charge(book, TEA, ACTIVE, {}, TODAY).posts)
    ledger.post(lambda book: settle(book, TEA, failed, REASONS))
    ledger.post(lambda book: decide_charge(book, TEA, ACTIVE, {}, TODAY).posts)


def test_both_stores_hold_the_same_lines(tmp_path: Path) -> None:
    found = []
    for store in (files(tmp_path / "state"), MemoryStore()):
        day(Ledger(store, now=noon))
        found.append((b"".join(store.read(START)), store.head()))
    assert found[0] == found[1]
    assert (len(found[0][0].splitlines()), found[0][1].bytes) == (4, (tmp_path / "state/journal.csv").stat().st_size)


def test_a_store_answers_by_line(store: JournalStore) -> None:
    ledger = Ledger(store, now=noon)
    assert store.head() == START
    give(ledger, "a", "b", "c")
    lines = list(store.read(START))
    first = JournalHead(1, lines[0][-65:-1].decode(), START.bytes + len(lines[0]))
    assert list(store.read(first)) == lines[1:]
    assert list(store.read(first, upto=first)) == []
    assert store.head() == ledger.head() == JournalHead(3, lines[2][-65:-1].decode(),
                                                        START.bytes + len(b"".join(lines)))
    for wrong in (first._replace(hash="0" * 64), first._replace(seq=2), JournalHead(4, "0" * 64, 10**6)):
        assert not ledger.contains(wrong)
    with pytest.raises(Rewritten):
        store.read(first._replace(hash="0" * 64), upto=first)
    assert ledger.contains(first)


def test_a_post_is_judged_compared_and_replayed(ledger: Ledger, store: JournalStore) -> None:
    assert give(ledger, "a", "b") == 2
    assert give(ledger, "b", "c") == 1
    with pytest.raises(ConflictError, match="amount_credits 10, now it says 11"):
        ledger.post(lambda book: [topup("tenant", 11, "wire", "a")])
    with pytest.raises(CreditsError):
        ledger.post(lambda book: [topup("tenant", 5, "wire", "d"), spend(36)])
    assert (ledger.book.balance("tenant"), ledger.book.seq, store.head().seq) == (30, 3, 3)


def spend(amount: int) -> Post:
    return Post("x", "charge", "tenant", PostType.SPEND, -amount)


def test_two_ledgers_of_one_store_follow_each_other(ledger: Ledger, store: JournalStore) -> None:
    other = Ledger(store, now=noon)
    for number in range(3):
        give(ledger, f"a{number}")
        give(other, f"b{number}")
    ledger.refresh()
    assert ledger.book.tables() == other.book.tables()
    assert [record.seq for record in ledger.records()] == [1, 2, 3, 4, 5, 6]


def test_threads_of_one_ledger_lose_nothing(ledger: Ledger, store: JournalStore) -> None:
    threads = [threading.Thread(target=give, args=(ledger, name)) for name in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONGEST_WAIT_S)
    assert (ledger.book.balance("tenant"), store.head().seq) == (80, 8)


def test_a_reader_has_the_book_of_its_moment(ledger: Ledger, store: JournalStore) -> None:
    give(ledger, "a")
    reader = LedgerReader.over(store)
    give(ledger, "b")
    assert (reader.book.balance("tenant"), [record.seq for record in reader.records()]) == (10, [1])
    assert (LedgerReader.over(store).book.tables(), reader.first_hash()) == (ledger.book.tables(),
                                                                            ledger.first_hash())


def test_a_damaged_line_is_refused_with_its_number(store: JournalStore, ledger: Ledger,
                                                   damage: Callable[[JournalStore], None]) -> None:
    give(ledger, "a", "b")
    ledger.close()
    damage(store)
    for use in (lambda: Ledger(store, now=noon).refresh(), lambda: LedgerReader.over(store)):
        with pytest.raises(CorruptError, match=":3: does not match its hash"):
            use()


@pytest.fixture
def damage() -> Callable[[JournalStore], None]:
    def change(store: JournalStore) -> None:
        if isinstance(store, FileStore):
            data = store.path.read_bytes()
            store.path.write_bytes(data[:-70] + bytes([data[-70] ^ 1]) + data[-69:])
        elif isinstance(store, MemoryStore):
            line = list(store.read(START))[-1]
            store._rows.execute("UPDATE line SET line = ? WHERE seq = 2",
                                (line[:-70] + bytes([line[-70] ^ 1]) + line[-69:],))
    return change
