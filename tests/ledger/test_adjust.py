"""Corrections: signed, never below zero unless that is said, two tenants in one line, and the same
in every reader of the journal."""
from pathlib import Path

import pytest
from msgspec.structs import replace

from platform.errors import ConflictError, CorruptError, CreditsError, UsageError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import BadRecord
from platform.ledger.journal.references import post_once
from platform.ledger.proof.audit import audit, rebuild, verify
from platform.ledger.proof.parallel import proved
from platform.ledger.rules import keys
from platform.ledger.rules.adjust import Correction, Standing, adjustment, standings, transfer
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import topup
from platform.ledger.rules.remedy import remedies
from platform.model.digest import derived_id
from platform.model.entry import Post, PostType
from tests.ledger.conftest import NOON, noon, order, step
from tests.ledger.test_money import ACTIVE, TODAY
from tests.support import rows

WIRE = topup("tenant", 10_000, "bank-wire", "wire-1")
TX = derived_id(WIRE.key)


def said(reference: str, *, corrects: str = TX, allow_debt: bool = False) -> Correction:
    return Correction(reference, "mistaken_topup", "a note", corrects, "", allow_debt)


def post(ledger: Ledger, what: Post) -> int:
    return len(ledger.post(lambda book: (what,)))


@pytest.fixture
def paid(ledger: Ledger) -> Ledger:
    post(ledger, WIRE)
    return ledger


def test_an_adjustment_is_posted_once_and_never_takes_a_balance_below_zero(paid: Ledger) -> None:
    down = adjustment("tenant", -9000, said("r"))
    assert [post(paid, down), post(paid, down), paid.book.balance("tenant")] == [1, 0, 1000]
    with pytest.raises(ConflictError, match="adjustment was posted before with amount_credits -9000"):
        post(paid, adjustment("tenant", -8000, said("r")))
    with pytest.raises(CreditsError, match="1000 credits and 1001 are needed"):
        post(paid, adjustment("tenant", -1001, said("s")))


def test_a_debt_stops_every_charge_until_it_is_covered(paid: Ledger, state: Path) -> None:
    assert post(paid, adjustment("tenant", -10_003, said("r", allow_debt=True))) == 1
    assert paid.book.balance("tenant") == -3
    tea, free = order(step("brew")), order(step("gift", ("__run__", 0)))
    for what in (tea, free):
        decision = decide_charge(paid.book, what, ACTIVE, {}, TODAY)
        assert decision.refusal == "not_enough_credits"
        assert len(paid.post(lambda book, posts=decision.posts: posts)) == 1, "zero-credit posts go on"
    assert post(paid, topup("tenant", 2, "bank-wire", "wire-2")) == 1, "what covers a part is taken"
    assert decide_charge(paid.book, free, ACTIVE, {}, TODAY).refusal == "not_enough_credits"
    post(paid, topup("tenant", 6, "bank-wire", "wire-3"))
    assert decide_charge(paid.book, tea, ACTIVE, {}, TODAY).refusal == ""
    paid.checkpoint()
    assert audit(state) == ()


def test_a_transfer_is_one_line_of_two_tenants(paid: Ledger, state: Path) -> None:
    assert post(paid, transfer("tenant", "other", 4000, said("r"))) == 1
    assert (paid.book.balances(), paid.book.seq) == ({"tenant": 6000, "other": 4000}, 2)
    with pytest.raises(CreditsError):
        post(paid, transfer("tenant", "other", 6001, said("s")))
    assert post(paid, transfer("tenant", "third", 6001, said("s", allow_debt=True))) == 1
    paid.checkpoint()
    table = rows(state / "transactions.csv")
    assert [(row["tenant_id"], row["type"], row["amount_credits"]) for row in table] == [
        ("tenant", "TOPUP", "10000"), ("tenant", "ADJUSTMENT", "-4000"), ("other", "ADJUSTMENT", "4000"),
        ("tenant", "ADJUSTMENT", "-6001"), ("third", "ADJUSTMENT", "6001")]
    assert len({row["transaction_id"] for row in table}) == 5
    assert [(row["tenant_id"], row["credits_available"], row["status"])
            for row in rows(state / "tenants_credits.csv")] == [
        ("other", "4000", "active"), ("tenant", "-1", "in_debt"), ("third", "6001", "active")]


def test_every_reader_of_the_journal_agrees(paid: Ledger, state: Path) -> None:
    post(paid, transfer("tenant", "other", 4000, said("r")))
    post(paid, adjustment("tenant", -7000, said("s", allow_debt=True)))
    paid.checkpoint()
    balances = {"tenant": -1000, "other": 4000}
    assert verify(state).balances == balances
    files = {path.name: path.read_bytes() for path in state.iterdir() if path.is_file()}
    names = ("journal.csv", "state_manifest.json", "tenants_credits.csv", "transactions.csv",
             "transaction_items.csv", "promotion_redemptions.csv", "published_artifacts.csv")
    verdict = proved(state, {**dict.fromkeys(["journal.snapshot"]), **{name: files[name] for name in names}})
    assert verdict is None or verdict.balances == balances
    for path in state.iterdir():
        if path.suffix == ".csv" and path.name != "journal.csv":
            path.unlink()
    rebuild(state)
    assert {name: (state / name).read_bytes() for name in names if name != "state_manifest.json"} == {
        name: files[name] for name in names if name != "state_manifest.json"}
    assert Ledger.open(state, noon, snapshot_posts=1).book.balances() == balances


def test_a_snapshot_has_debts_and_both_tenants(state: Path) -> None:
    ledger = Ledger.create(state, noon)
    ledger = Ledger.open(state, noon, snapshot_posts=1)
    for what in (WIRE, transfer("tenant", "other", 4000, said("r")),
                 adjustment("other", -5000, said("s", allow_debt=True))):
        post(ledger, what)
    ledger.checkpoint()
    assert (state / "journal.snapshot").exists()
    assert Ledger.open(state, noon, snapshot_posts=1).book.balances() == {"tenant": 6000, "other": -1000}
    assert audit(state) == ()


@pytest.mark.parametrize("wrong", [
    replace(adjustment("tenant", -1, said("r")), type=PostType.SPEND),
    replace(adjustment("tenant", 1, said("r")), kind="topup"),
    replace(adjustment("tenant", 1, said("r")), amount_credits=0),
    replace(transfer("tenant", "other", 1, said("r")), amount_credits=1),
    replace(transfer("tenant", "other", 1, said("r")), metadata={"reference": "r", "to_tenant_id": "tenant"}),
    replace(topup("tenant", 1, "bank-wire", "r"), amount_credits=-20_000, metadata={"allow_debt": True}),
    replace(adjustment("tenant", -20_000, said("r")), metadata={"reference": "r", "allow_debt": "yes"}),
])
def test_what_is_no_adjustment_is_refused_by_every_writer_and_reader(paid: Ledger, wrong: Post) -> None:
    with pytest.raises((ConflictError, CreditsError, BadRecord)):
        post(paid, wrong)
    with pytest.raises(CorruptError):
        paid.book.draft().apply(wrong, at=NOON)


@pytest.mark.parametrize("make", [
    lambda: adjustment("tenant", 0, said("r")), lambda: adjustment("tenant", True, said("r")),
    lambda: adjustment("tenant", 10**12 + 1, said("r")), lambda: transfer("tenant", "other", -1, said("r")),
    lambda: transfer("tenant", "tenant", 1, said("r")),
])
def test_an_amount_that_is_none_is_refused(make: object) -> None:
    with pytest.raises(UsageError):
        make()


def test_a_transaction_stands_as_its_corrections_have_made_it() -> None:
    first = adjustment("tenant", -4000, said("a"))
    again = adjustment("tenant", 500, said("b", corrects=derived_id(first.key)))
    away = transfer("tenant", "other", 1000, said("c"))
    beside = adjustment("tenant", 7, said("d", corrects="another"))
    assert standings([WIRE, first, again, away, beside], [WIRE.key]) == {
        WIRE.key: Standing({"tenant": 5500, "other": 1000}, ("mistaken_topup",) * 3)}


@pytest.mark.parametrize(("have", "want", "lines"), [
    ({"a": 1000}, {"a": 1000}, []),
    ({"a": 1000}, {"a": 100}, ["admin-adjust --tenant-id a --amount-credits -900"]),
    ({"a": 1000}, {}, ["admin-adjust --tenant-id a --amount-credits -1000"]),
    ({"a": 1000}, {"b": 1000}, ["admin-transfer --from a --to b --amount-credits 1000"]),
    ({"a": 1000}, {"b": 1500}, ["admin-transfer --from a --to b --amount-credits 1000",
                                "admin-adjust --tenant-id b --amount-credits 500"]),
    ({"a": 1000}, {"b": 400}, ["admin-transfer --from a --to b --amount-credits 400",
                               "admin-adjust --tenant-id a --amount-credits -600"]),
])
def test_the_commands_that_correct_a_transaction_are_told_with_their_arguments(
        have: dict[str, int], want: dict[str, int], lines: list[str]) -> None:
    told = remedies(Standing(have), want, TX, "pay 1", "payment_corrected")
    assert [line.partition(" --corrects")[0].removeprefix("python -m platform.cli ") for line in told] == lines
    assert all(f"--corrects {TX} --reason payment_corrected --reference 'pay 1-correction-{number}'" in line
               for number, line in enumerate(told, 1))


@pytest.mark.parametrize("text", ["Wire-X1", " Wire-X1 ", "Wire-X1\u00a0", "Wire\u200b-X1", "\ufeffWire-X1\u00ad",
                                  "Wire-X1\ufe0f", "Wire\u034f-X1", "Wire-\U000e0101X1", "\u3164Wire-X1\u115f",
                                  "Wire\u200d\u200c\u2060-X1", "\u2067Wire-X1\u2069"])
def test_a_reference_is_one_in_whatever_form_it_is_typed(ledger: Ledger, text: str) -> None:
    assert len(post_once(ledger, topup("tenant", 5, "bank-wire", "Wire-X1"))) == 1
    assert post_once(ledger, topup("tenant", 5, "bank-wire", text)) == ()
    assert len(post_once(ledger, topup("tenant", 5, "card", text))) == 1
    assert ledger.book.balance("tenant") == 10


@pytest.mark.parametrize(("first", "second"), [("a  b", "a b"), ("a\u3000b", "a b"), ("e\u0301", "\u00e9")])
def test_spaces_and_composed_letters_have_one_form(ledger: Ledger, first: str, second: str) -> None:
    post_once(ledger, topup("tenant", 5, "bank-wire", first))
    assert post_once(ledger, topup("tenant", 5, "bank-wire", second)) == ()


@pytest.mark.parametrize("other", ["wire-x1", " WIRE-X1", "w\u0130re-x1".replace("\u0130", "I")])
def test_a_reference_that_differs_in_case_only_is_refused_by_name(ledger: Ledger, other: str) -> None:
    post_once(ledger, topup("tenant", 5, "bank-wire", "Wire-X1"))
    with pytest.raises(ConflictError, match="differs only in case from 'Wire-X1' of transaction"):
        post_once(ledger, topup("tenant", 5, "bank-wire", other))
    assert len(post_once(ledger, topup("other", 5, "bank-wire", other))) == 1


def test_a_reference_of_an_earlier_version_is_found_as_it_was_typed_and_as_it_is_read(ledger: Ledger) -> None:
    made = topup("tenant", 5, "bank-wire", "x")
    old = replace(made, key=keys.topup("tenant", "bank-wire", " Old  1 "),
                  metadata={"topup_method_id": "bank-wire", "reference": " Old  1 "})
    post(ledger, old)
    shown = topup("tenant", 5, "bank-wire", "y")
    post(ledger, replace(shown, key=keys.topup("tenant", "bank-wire", "Y\ufe0f"),
                         metadata={"topup_method_id": "bank-wire", "reference": "Y\ufe0f"}))
    for text in ("Y\ufe0f", "Y"):  # keys of earlier versions kept what only a few characters show
        assert post_once(ledger, topup("tenant", 5, "bank-wire", text)) == ()
    for text in (" Old  1 ", "Old 1", "Old 1 "):
        assert post_once(ledger, topup("tenant", 5, "bank-wire", text)) == ()
    with pytest.raises(ConflictError, match="amount_credits 5, now it says 6"):
        post_once(ledger, topup("tenant", 6, "bank-wire", "Old 1"))
    with pytest.raises(ConflictError, match="differs only in case"):
        post_once(ledger, topup("tenant", 5, "bank-wire", "OLD 1"))


def test_a_reference_of_a_tenant_is_of_one_correction_in_an_adjustment_and_on_both_sides_of_a_transfer(
        paid: Ledger) -> None:
    first, given = adjustment("other", 5, said("t 1")), transfer("tenant", "other", 5, said("t 2", corrects=""))
    assert len(post_once(paid, first)) == len(post_once(paid, given)) == 1
    assert post_once(paid, first) == post_once(paid, given) == ()
    for new, old in (
            (transfer("tenant", "other", 1, said("t 1")), first), (adjustment("other", 1, said("T  2")), given),
            (transfer("other", "tenant", 1, said("t 1")), first), (adjustment("tenant", 1, said("t 2")), given),
            (transfer("other", "tenant", 1, said("t 2")), given)):
        with pytest.raises(ConflictError, match=f"{derived_id(old.key)}; nothing was posted"):
            post_once(paid, new)


def test_a_correction_has_its_reference_within_its_tenant(paid: Ledger) -> None:
    assert len(post_once(paid, adjustment("tenant", -1, said("r 1")))) == 1
    assert post_once(paid, adjustment("tenant", -1, said(" r  1"))) == ()
    with pytest.raises(ConflictError, match="differs only in case"):
        post_once(paid, adjustment("tenant", -1, said("R 1")))
    assert len(post_once(paid, adjustment("other", 1, said("R 1")))) == 1

