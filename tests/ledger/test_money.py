"""Stories of money, through a real ledger: what is charged, refused, given back and granted, to the credit."""
import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from platform.errors import ConflictError, UsageError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.payments import Reconciled, apply_payments
from platform.ledger.rules.balance import Book
from platform.ledger.rules.body import price_words
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import MAX_CREDITS, payment, topup, unapplied
from platform.ledger.rules.refund import settle, supersede
from platform.model.entry import Post
from platform.model.order import Kind
from platform.model.plan import Charge, PlannedOrder
from platform.model.prices import Payment, Promotion
from platform.model.reasons import Reason, Reasons
from platform.model.run import RunRecord, Status
from platform.model.tenant import Tenant, TenantStatus
from tests.ledger.conftest import NOON, order, run, step

TODAY = date(2026, 11, 24)
ACTIVE = Tenant("tenant", "A tenant")
SUSPENDED = Tenant("tenant", "A tenant", status=TenantStatus.SUSPENDED)
ONE, TWO = step("one", ("__run__", 5), ("said", 2)), step("two", ("__run__", 1))
MAIL = step("mail", ("__run__", 1), ("delivery_receipt", 0), kind=Kind.DELIVERY)
TEA = order(ONE, TWO)
REASONS = Reasons({name: Reason(name, "global", "test", refundable)
                   for name, refundable in (("timed_out", True), ("skipped_upstream", True), ("unverified", False))})


def charge(ledger: Ledger, what: PlannedOrder = TEA, tenant: Tenant = ACTIVE, **promotions: Promotion) -> list[str]:
    return told(ledger.post(lambda book: decide_charge(book, what, tenant, promotions, TODAY).posts))


def settled(ledger: Ledger, what: PlannedOrder, *runs: RunRecord) -> list[str]:
    return told(ledger.post(lambda book: settle(book, what, {each.step_id: each for each in runs}, REASONS)))


def superseded(ledger: Ledger, planned: list[str], *runs: RunRecord) -> list[str]:
    return told(ledger.post(lambda book: supersede(book, TEA.id, planned, runs, REASONS)))


def told(posts: tuple[Post, ...]) -> list[str]:
    return [f"{post.kind} {post.amount_credits} {post.reason_code}".strip() for post in posts]


def give(ledger: Ledger, amount: int, reference: str = "wire-1") -> None:
    ledger.post(lambda book: [topup("tenant", amount, "bank-wire", reference)])


def test_an_order_is_charged_five_and_two_and_one_once(ledger: Ledger, reopen: Callable[[], Ledger]) -> None:
    give(ledger, 100)
    assert charge(ledger) == ["charge -8"]
    assert charge(ledger) == []
    assert charge(reopen()) == []
    assert reopen().book.balance("tenant") == 92


def test_the_last_credit_is_enough_and_one_less_is_refused_with_a_row(ledger: Ledger) -> None:
    give(ledger, 7)
    assert charge(ledger) == ["refusal 0 not_enough_credits"]
    assert charge(ledger) == []  # the same refusal is one row
    give(ledger, 1, "wire-2")
    assert charge(ledger) == ["charge -8"]
    assert ledger.book.balance("tenant") == 0


def test_a_suspended_tenant_buys_nothing_but_keeps_what_it_paid_for(ledger: Ledger) -> None:
    give(ledger, 100)
    assert charge(ledger, tenant=SUSPENDED) == ["refusal 0 tenant_suspended"]
    assert charge(ledger, tenant=SUSPENDED) == []
    assert charge(ledger) == ["charge -8"]
    assert charge(ledger, tenant=SUSPENDED) == []
    assert ledger.book.balance("tenant") == 92


def test_a_failed_step_is_refunded_whole_its_retry_charged_once_and_an_old_failure_never_counts_again(
        ledger: Ledger) -> None:
    give(ledger, 100)
    charge(ledger)
    failed, skipped = run(ONE, Status.FAILED, "timed_out"), run(TWO, Status.SKIPPED, "skipped_upstream")
    assert settled(ledger, TEA, failed, skipped) == ["refund 8 timed_out"]
    assert settled(ledger, TEA, failed, skipped) == []
    assert charge(ledger) == ["charge -8"]
    assert settled(ledger, TEA, failed, skipped) == []  # records of epoch 0 say nothing of the charge of epoch 1
    assert settled(ledger, TEA, run(ONE, Status.FAILED, "timed_out", epoch=1)) == ["refund 7 timed_out"]
    assert ledger.book.balance("tenant") == 99


def test_a_failure_that_is_not_refundable_keeps_its_charge(ledger: Ledger) -> None:
    give(ledger, 100)
    charge(ledger)
    assert settled(ledger, TEA, run(ONE, Status.FAILED, "unverified")) == ["completion 0"]
    assert settled(ledger, TEA, run(ONE, Status.SKIPPED, "skipped_upstream")) == []  # nobody can tell, still
    assert settled(ledger, TEA, run(ONE, Status.FAILED, "delivery_failed")) == ["refund 7 delivery_failed"]


def test_what_was_done_is_never_refunded_whatever_later_records_say(ledger: Ledger) -> None:
    give(ledger, 100)
    charge(ledger)
    assert settled(ledger, TEA, run(ONE, Status.COMPLETED)) == ["completion 0"]
    assert settled(ledger, TEA, run(ONE, Status.SKIPPED, "skipped_upstream")) == []
    assert settled(ledger, TEA, run(ONE, Status.FAILED, "module_crashed")) == []
    assert settled(ledger, TEA, run(TWO, Status.SKIPPED, "skipped_upstream")) == ["refund 1 skipped_upstream"]
    assert ledger.book.open_items(TEA.id) == ()


def test_what_an_order_no_longer_has_and_was_not_done_is_given_back(ledger: Ledger) -> None:
    """Charged, then stopped; then the order changed. ONE had failed, TWO had not begun, both were paid."""
    give(ledger, 100)
    charge(ledger)
    keeps_two = [TWO.task_hash]
    assert superseded(ledger, keeps_two, run(ONE, Status.FAILED, "timed_out")) == ["refund 7 timed_out"]
    assert superseded(ledger, keeps_two, run(ONE, Status.FAILED, "timed_out")) == []
    assert superseded(ledger, []) == ["refund 1 superseded"]
    assert (ledger.book.balance("tenant"), ledger.book.open_orders()) == (100, ())


@pytest.mark.parametrize("record", [run(ONE, Status.COMPLETED), run(ONE, Status.FAILED, "unverified")])
def test_what_an_order_no_longer_has_stays_paid_when_it_was_done_or_nobody_can_tell(
        ledger: Ledger, record: RunRecord) -> None:
    give(ledger, 100)
    charge(ledger)
    assert superseded(ledger, [], record) == ["completion 0", "refund 1 superseded"]
    assert superseded(ledger, []) == []
    assert ledger.book.balance("tenant") == 93


def test_a_zero_credit_item_moves_to_the_next_epoch_with_the_rest(ledger: Ledger) -> None:
    give(ledger, 100)
    mailing = order(MAIL)
    charge(ledger, mailing)
    assert settled(ledger, mailing, run(MAIL, Status.FAILED, "timed_out")) == ["refund 1 timed_out"]
    assert [ledger.book.epoch(MAIL.task_hash, name) for name in ("__run__", "delivery_receipt")] == [1, 1]
    assert ledger.book.paid(MAIL.task_hash, "delivery_receipt") is None


def test_a_completed_delivery_leaves_evidence_once_for_what_was_delivered(ledger: Ledger) -> None:
    give(ledger, 100)
    mailing = order(MAIL)
    charge(ledger, mailing)
    receipt = {"provider": "email", "bytes": 10, "sha256": "1" * 64, "verification_status": "verified"}
    again = {**receipt, "delivered_at": "2026-11-25T00:00:00Z"}
    repaired = {**receipt, "sha256": "2" * 64}
    assert settled(ledger, mailing, run(MAIL, Status.COMPLETED, evidence=receipt)) == ["completion 0", "evidence 0"]
    assert settled(ledger, mailing, run(MAIL, Status.COMPLETED, evidence=again)) == []
    assert settled(ledger, mailing, run(MAIL, Status.COMPLETED, evidence=repaired)) == ["evidence 0"]  # other bytes


def test_a_promotion_is_granted_by_the_charge_that_needs_it_up_to_its_uses(ledger: Ledger) -> None:
    welcome = Promotion("WELCOME", 8, 1, date(2026, 11, 24), date(2026, 11, 24))
    named = order(ONE, TWO, promotions=("WELCOME", "WELCOME"))
    assert charge(ledger, named, WELCOME=welcome) == ["promotion 8", "charge -8"]
    other = order(step("one", order="coffee"), promotions=("WELCOME",))
    assert charge(ledger, other, WELCOME=welcome) == ["refusal 0 not_enough_credits"]
    over = Promotion("OVER", 8, 9, date(2026, 11, 1), date(2026, 11, 23))
    assert charge(ledger, order(step("one", order="milk"), promotions=("OVER",)), OVER=over) == [
        "refusal 0 not_enough_credits"]


def test_a_top_up_sent_twice_is_one_and_with_another_amount_a_conflict_that_names_it(ledger: Ledger) -> None:
    give(ledger, 5)
    give(ledger, 5)
    with pytest.raises(ConflictError, match="amount_credits 5, now it says 6"):
        give(ledger, 6)
    assert ledger.book.balance("tenant") == 5


@pytest.mark.parametrize("amount", [0, -1, True, MAX_CREDITS + 1])
def test_only_positive_whole_amounts_can_be_topped_up(amount: int) -> None:
    with pytest.raises(UsageError):
        topup("tenant", amount, "bank-wire", "wire-1")


def test_confirmed_payments_are_applied_once_and_an_edited_one_stops_no_other(ledger: Ledger) -> None:
    rows = [Payment("p1", "tenant", "bank-wire", 1000, "w", "CONFIRMED"),
            Payment("p2", "tenant", "bank-wire", 7, "w2", "PENDING")]
    assert told(apply_payments(ledger, rows).posted) == ["payment 1000"]
    assert apply_payments(ledger, rows) == Reconciled((), ())
    edited = [Payment("p1", "tenant", "bank-wire", 2000, "w", "CONFIRMED"),
              Payment("p3", "other1", "bank-wire", 5, "w3", "CONFIRMED")]
    assert unapplied(ledger.book, edited[:1]) == (payment(edited[0]),)
    again = apply_payments(ledger, edited)
    assert told(again.posted) == ["payment 5"]
    [line] = again.conflicts
    assert line.startswith("config/payments.csv: payment p1 of tenant: ") and "amount_credits 1000" in line
    assert ledger.book.balances() == {"tenant": 1000, "other1": 5}


def test_what_a_spreadsheet_would_take_for_a_formula_is_text_and_negative_amounts_stay_numbers(
        ledger: Ledger, state: Path) -> None:
    ledger.post(lambda book: [topup("tenant", 100, "bank-wire", "=1+1, \"x\"", "=HYPERLINK(1)")])
    charge(ledger)
    ledger.checkpoint()
    with (state / "transactions.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["note"], first["created_at"], second["amount_credits"]) == ("'=HYPERLINK(1)", NOON, "-8")
    assert (state / "tenants_credits.csv").read_text().splitlines()[1] == f"tenant,92,{NOON},active"


def test_what_was_done_here_and_refunded_elsewhere_is_done_when_it_is_paid_again(ledger: Ledger) -> None:
    """Of a shared ledger: another clone failed at it. Here it is not run again: its record is of an older epoch."""
    give(ledger, 100)
    charge(ledger)
    settled(ledger, TEA, run(ONE, Status.COMPLETED), run(TWO, Status.FAILED, "timed_out"))
    done_here = run(TWO, Status.COMPLETED, epoch=0)
    assert settled(ledger, TEA, run(ONE, Status.COMPLETED), done_here) == []  # nobody has paid for it yet
    assert charge(ledger) == ["charge -1"]
    assert settled(ledger, TEA, run(ONE, Status.COMPLETED), done_here) == ["completion 0"]
    assert superseded(ledger, [], done_here) == []


def bought_at(amount: int, since: str) -> Post:
    planned = order(replace(step("brew"), charges=(Charge("__run__", amount, since),)))
    return decide_charge(funded(), planned, ACTIVE, {}, TODAY).posts[-1]


def funded() -> Book:
    book = Book()
    book.apply(topup("tenant", 100, "bank-wire", "elsewhere"))
    return book


@pytest.mark.parametrize("first", ["", "2026-01-01"])
def test_the_same_charge_with_other_words_about_its_price_is_a_replay(ledger: Ledger, first: str) -> None:
    """A version that kept no price row posted it; or a clone with another row."""
    give(ledger, 100)
    posted = bought_at(5, first)
    assert [item.metadata for item in posted.items] == [price_words(5, first)]
    for post, new in ((posted, 1), (bought_at(5, "2026-02-01"), 0), (bought_at(5, ""), 0)):
        assert len(ledger.post(lambda book, post=post: (post,))) == new
    assert ledger.book.balance("tenant") == 95
    with pytest.raises(ConflictError, match="amount_credits -5, now it says -6"):
        ledger.post(lambda book: (bought_at(6, first),))
