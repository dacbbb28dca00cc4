"""Whether a table is what the journal produces: one check, and the same words wherever it is made."""
from hashlib import sha256
from pathlib import Path

import pytest

from platform.errors import CorruptError
from platform.ledger.journal.compare import TableCheck, is_newest, is_whole
from platform.ledger.journal.ledger import Ledger
from platform.ledger.proof.audit import audit
from platform.ledger.rules.credit import topup
from tests.ledger.conftest import noon

TABLE, HOLE = Path("t.csv"), b"\0" * 20
TRUTH = (b"a,b\n", b"1,one\n2,two\n", b"3,three\n4,four and a long word\n")
WHOLE = b"".join(TRUTH)


def checked(there: bytes | None, *, holes: bool = False, durable: int = 0) -> int:
    """How many bytes of the truth the table has; CorruptError when it is wrong."""
    check, same = TableCheck(TABLE), 0
    for part in TRUTH:
        same += check.take(part, (there or b"")[check.at:check.at + len(part)], may_have_holes=holes)
    check.end(None if there is None else len(there), durable)
    assert (check.state().sha256, check.state().bytes, check.state().rows) == (sha256(WHOLE).hexdigest(), len(WHOLE), 4)
    return same


@pytest.mark.parametrize("size", range(0, len(WHOLE) + 1, 3))
def test_a_table_that_ends_early_is_behind_and_not_wrong(size: int) -> None:
    assert checked(WHOLE[:size]) == size
    assert is_whole(TABLE, WHOLE[:size], WHOLE) is (size == len(WHOLE))


@pytest.mark.parametrize(("there", "durable", "line", "words"), [
    (b"A" + WHOLE[1:], 0, 1, "differs"), (WHOLE.replace(b"two", b"twO"), 0, 3, "differs"),
    (WHOLE.replace(b"1,one\n", b""), 0, 2, "differs"), (WHOLE + b"x", 0, 6, "differs"),
    (WHOLE[:12], 13, 3, "differs"), (None, 1, 1, "is missing"), (WHOLE[:30] + HOLE, 0, 5, "differs"),
])
def test_any_other_difference_is_told_with_its_line(there: bytes | None, durable: int, line: int, words: str) -> None:
    with pytest.raises(CorruptError, match=rf"^t\.csv:{line}: {words}.*`ledger fsck --rebuild`"):
        checked(there, durable=durable)


def test_zeros_of_a_power_loss_are_missing_where_they_may_be() -> None:
    assert checked(WHOLE[:30] + HOLE[:17], holes=True) == 30
    with pytest.raises(CorruptError):
        checked(WHOLE[:30] + b"x" + HOLE[:16], holes=True)


@pytest.mark.parametrize(("there", "is_now"), [
    (b"t,c\na,3\nb,2\n", True), (b"t,c\na,1\nb,2\n", False), (b"t,c\na,1\n", False), (None, False)])
def test_balances_may_be_those_of_the_checkpoint_or_later(there: bytes | None, is_now: bool) -> None:
    ever = [(1, "a", b"a,1\n"), (2, "b", b"b,2\n"), (3, "a", b"a,3\n")]
    assert is_newest(TABLE, there, b"t,c\na,3\nb,2\n", (1, ""), ever) is is_now


@pytest.mark.parametrize(("there", "since"), [
    (b"t,c\na,1\n", 2), (b"t,c\na,9\nb,2\n", 0), (b"t,c\nb,2\na,1\n", 0), (b"T,c\na,1\n", 0), (b"", 0)])
def test_balances_that_were_never_true_are_refused(there: bytes, since: int) -> None:
    ever = [(1, "a", b"a,1\n"), (2, "b", b"b,2\n"), (3, "a", b"a,3\n")]
    with pytest.raises(CorruptError, match=r"^t\.csv:\d: differs from the journal"):
        is_newest(TABLE, there, b"t,c\na,3\nb,2\n", (since, ""), ever)


@pytest.mark.parametrize("change", ["flipped", "longer", "shorter", "credits"])
def test_who_posts_and_who_verifies_say_the_same(state: Path, ledger: Ledger, change: str) -> None:
    ledger.post(lambda book: [topup("tenant", 1, "wire", "a"), topup("other", 2, "wire", "b")])
    ledger.checkpoint()
    path = state / ("tenants_credits.csv" if change == "credits" else "transactions.csv")
    whole = path.read_bytes()
    path.write_bytes({"flipped": whole.replace(b"wire", b"wore"), "longer": whole + b"x\n", "shorter": whole[:-30],
                      "credits": whole.replace(b",2,", b",3,")}[change])
    findings = audit(state)
    if change == "shorter":  # who posts writes it again from the journal, of which nothing is lost
        assert len(findings) == 1
        return
    with pytest.raises(CorruptError) as refused:
        Ledger.open(state, noon).post(lambda book: ())
    assert findings == (str(refused.value),)
