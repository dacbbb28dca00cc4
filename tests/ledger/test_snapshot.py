"""The snapshot: it saves the replay of what it reaches, and says nothing that the journal does not say."""
import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform.errors import CorruptError
from platform.ledger.journal import journal, snapshot
from platform.ledger.journal.ledger import Ledger
from platform.ledger.proof.audit import audit, rebuild
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import topup
from platform.ledger.rules.refund import settle
from platform.model.reasons import Reasons
from platform.model.run import Status
from tests.ledger.conftest import noon, order, replay, run, step
from tests.ledger.test_properties import ACTS, ORDER, TENANT, TODAY, act


def post(ledger: Ledger, *references: str) -> None:
    ledger.post(lambda book: [topup("tenant", 10, "bank-wire", reference) for reference in references])


def opened(state: Path) -> Ledger:
    return Ledger.open(state, noon, snapshot_posts=1)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two posts and a charge in a snapshot, and one post after it."""
    ledger = Ledger.create(tmp_path / "state", noon, snapshot_posts=3)
    post(ledger, "a", "b")
    ledger.post(lambda book: decide_charge(book, ORDER, TENANT, {}, TODAY).posts)
    ledger.checkpoint()
    post(ledger, "c")
    ledger.checkpoint()
    assert snapshot.parse((tmp_path / "state" / snapshot.NAME).read_bytes())[0].seq == 3
    return tmp_path / "state"


def told(ledger: Ledger) -> tuple[object, ...]:
    tables = ledger.book.tables()
    return ledger.book.seq, tables, list(tables.accounts), list(tables.open)


def test_a_small_state_has_none_and_a_grown_one_only_when_it_pays() -> None:
    assert [snapshot.is_due(*each) for each in [(9, 0, 10), (10, 0, 10), (19, 10, 10), (1600, 1501, 10),
                                                (1600, 1500, 10)]] == [False, True, False, False, True]


def test_opening_reads_only_the_lines_behind_the_snapshot_and_answers_the_same(
        state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Ledger.open(state, noon, snapshot_posts=None)
    decoded: list[int] = []
    decode = journal.decode
    monkeypatch.setattr(journal, "decode", lambda line, seq, prev: decoded.append(seq) or decode(line, seq, prev))
    ledger = opened(state)
    assert told(ledger) == told(original)
    assert decoded == [4]
    post(ledger, "a", "b", "c")  # replays, told from what the snapshot keeps
    assert ledger.book.seq == 4
    ledger.checkpoint()
    assert (audit(state), opened(state)._exports.snapshot_seq) == ((), 4)



def test_a_post_and_its_checkpoint_read_no_line_again(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = opened(state)
    monkeypatch.setattr(journal, "decode", None)
    post(ledger, "d")
    ledger.checkpoint()
    assert audit(state) == ()


@pytest.mark.slow
def test_every_flipped_bit_and_every_cut_gives_the_answers_of_no_snapshot(state: Path) -> None:
    path = state / snapshot.NAME
    whole, right = path.read_bytes(), told(Ledger.open(state, noon, snapshot_posts=None))
    changed = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:] for at in range(len(whole))]
    for data in [*changed, *(whole[:size] for size in range(0, len(whole), 9)), whole + b"x"]:
        path.write_bytes(data)
        ledger = opened(state)
        assert (ledger._exports.snapshot_seq, told(ledger)) == (0, right)
        ledger.close()
    ledger = opened(state)
    post(ledger, "d")
    ledger.checkpoint()
    assert opened(state)._exports.snapshot_seq == 5  # written again


@pytest.mark.slow
def test_it_is_of_one_journal_and_hides_no_damage_of_it(state: Path, tmp_path: Path) -> None:
    journal = state / "journal.csv"
    whole = journal.read_bytes()
    for at in range(len(whole)):
        journal.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:])
        with pytest.raises(CorruptError, match=r"journal\.csv:[1-5]: "):
            opened(state)
    journal.write_bytes(whole)
    other = Ledger.create(tmp_path / "other", noon, snapshot_posts=1)
    post(other, "x", "y", "z", "u")
    other.checkpoint()
    (state / snapshot.NAME).write_bytes((tmp_path / "other" / snapshot.NAME).read_bytes())
    assert (opened(state)._exports.snapshot_seq, opened(state).book.balance("tenant")) == (0, 17)


def test_one_that_is_ahead_of_the_manifest_is_not_taken(state: Path) -> None:
    manifest = (state / "state_manifest.json").read_bytes()
    ledger = opened(state)
    post(ledger, "d")
    ledger.checkpoint()
    (state / "state_manifest.json").write_bytes(manifest)
    assert opened(state)._exports.snapshot_seq == 0


@pytest.mark.parametrize("posts", [2, 3, 4])
def test_a_false_book_with_a_right_digest_is_found_and_thrown_away_by_rebuild(state: Path, posts: int) -> None:
    """`posts` of them: a book that lacks one, that has another balance, that has one too many."""
    ledger = Ledger.open(state, noon, snapshot_posts=None)
    point, _ = snapshot.parse((state / snapshot.NAME).read_bytes())
    false = replay([*(record.post for record in ledger.records())][:posts])
    if posts == 3:
        false.add(topup("tenant", 1000, "bank-wire", "never"))
        false.seq -= 1
    (state / snapshot.NAME).write_bytes(snapshot.render(point, false))
    assert audit(state) == (f"{state / snapshot.NAME}:1: differs from the journal; `ledger fsck --rebuild` makes it "
                            "again from the journal",)
    rebuild(state)
    assert (audit(state), (state / snapshot.NAME).exists()) == ((), False)


def test_a_snapshot_of_another_layout_is_as_if_it_were_not_there() -> None:
    for rest in (b"", b"{}\n", b'{"rows":[1,0,0]}\n', b'{"rows":"abc"}\n', b"[]\n", b'{"rows":[0,0,0],"point":[1]}\n',
                 b'{"rows":[0,0,0],"states":[],"facts":[],"point":["1",2,"",""]}\n'):
        digest = hashlib.sha256(rest).hexdigest().encode()
        with pytest.raises(ValueError, match=r"^(?!does not match its own)"):
            snapshot.parse(snapshot._MAGIC + digest + b"\n" + rest)


def test_facts_are_in_the_order_of_the_journal_whatever_the_order_of_the_runs(tmp_path: Path) -> None:
    steps = sorted((step(name) for name in ("one", "two", "three")), key=lambda each: each.task_hash, reverse=True)
    planned, folder = order(*steps), tmp_path / "state"
    ledger = Ledger.create(folder, noon, snapshot_posts=1)
    post(ledger, "a", "b", "c")
    ledger.post(lambda book: decide_charge(book, planned, TENANT, {}, TODAY).posts)
    runs = {each.id.step_id: run(each, Status.COMPLETED) for each in steps}
    ledger.post(lambda book: settle(book, planned, runs, Reasons({})))
    ledger.checkpoint()
    assert len(ledger.book.tables().facts) == 3
    assert audit(folder) == ()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(ACTS, st.integers(0, 12))
def test_the_book_of_a_snapshot_and_the_tail_is_the_book_of_a_replay(
        acts: list[tuple[str, object, object]], at: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder, "state")
        ledger = Ledger.create(state, noon, snapshot_posts=1)
        for number, each in enumerate(acts):
            act(ledger, *each)
            if number == at:
                ledger.checkpoint()
        begun, whole = opened(state), Ledger.open(state, noon, snapshot_posts=None)
        assert told(begun) == told(whole)
        point = snapshot.Point(whole.head().bytes, whole.head().seq, whole.head().hash, "")
        assert snapshot.render(point, begun.book) == snapshot.render(point, whole.book)
        assert all(begun.book.compare(record.post) == whole.book.compare(record.post) for record in whole.records())
        begun.checkpoint()
        assert audit(state) == ()
        for each in acts:
            act(begun, *each)
        assert told(begun) == told(Ledger.open(state, noon, snapshot_posts=None))
