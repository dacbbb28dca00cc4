"""Records of some kinds: the same as in a whole reading, without paying for the others."""
from pathlib import Path

import pytest

from platform.app.billing import Billing
from platform.app.deliveries import Deliveries
from platform.app.records import Records
from platform.errors import CorruptError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules import attempts
from platform.ledger.rules.credit import topup
from platform.model.ids import StepId
from platform.ports.journal_store import JournalHead, Rewritten
from tests.ledger.conftest import task_hash

MAIL = StepId("tenant", "tea", "mail")


def claim(ledger: Ledger, name: str) -> None:
    ledger.post(lambda book: [attempts.claim(MAIL, (task_hash(name), 0), 1, {})])


@pytest.fixture
def mixed(ledger: Ledger) -> Ledger:
    for number in range(5):
        ledger.post(lambda book, number=number: [topup("tenant", 5, "bank-wire", f"w{number}")])
        claim(ledger, f"c{number}")
    return ledger


@pytest.mark.parametrize("kinds", [("claim",), ("topup",), ("claim", "topup"), ("loss",), ("top",)])
def test_records_of_kinds_are_those_of_a_whole_reading(mixed: Ledger, state: Path, kinds: tuple[str, ...]) -> None:
    whole = [record for record in mixed.records() if record.post.kind in kinds]
    assert list(mixed.of_kinds(kinds)) == whole
    half = list(mixed.records())[3]
    at = JournalHead(half.seq, half.hash, sum(map(len, lines(state)[:half.seq + 1])))
    head, later = mixed.since(at, kinds)
    assert (head, list(later)) == (mixed.head(), [record for record in whole if record.seq > half.seq])


def lines(state: Path) -> list[bytes]:
    return (state / "journal.csv").read_bytes().splitlines(keepends=True)


def test_a_line_that_is_picked_is_checked(mixed: Ledger, state: Path) -> None:
    file = state / "journal.csv"
    file.write_bytes(file.read_bytes().replace(b',""w3""', b',""w4""').replace(b'w3', b'w9'))
    with pytest.raises(CorruptError):
        list(mixed.of_kinds(("topup",)))


def test_a_journal_that_was_exchanged_is_told(mixed: Ledger) -> None:
    with pytest.raises(Rewritten):
        mixed.since(mixed.head()._replace(hash="0" * 64, bytes=mixed.head().bytes - 9), ("claim",))


def test_a_claim_reads_what_came_since_the_last_one(mixed: Ledger, state: Path, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    deliveries, began = Deliveries(Billing(state, mixed), Records(tmp_path)), list[int]()
    since = Ledger.since
    monkeypatch.setattr(Ledger, "since", lambda self, after, kinds: (began.append(after.seq),
                                                                     since(self, after, kinds))[1])
    assert len(deliveries.index.of_step(MAIL)) == 5
    claim(mixed, "another")
    assert len(deliveries.index.of_step(MAIL)) == 6
    assert began == [0, 10]
