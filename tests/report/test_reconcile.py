"""What explains a credit, and what does not: a price list of one row, `say __run__` at 5 credits."""
from datetime import date

import pytest

from platform.ledger import keys
from platform.ledger.credit import payment, topup
from platform.ledger.record import Record
from platform.model.entry import Item, Post, PostType
from platform.model.plan import Plan
from platform.model.prices import Payment, PriceList, PriceRow, TopupMethod
from platform.model.repo import Repo
from platform.model.run import RunRecord, Status
from platform.report.reconcile import EARLIER, GRANTED, PRESENT, Reconciliation, reconcile
from tests.ledger.conftest import NOON, order, run, step

TEA = step("brew")
PAID = Payment("P1", "tenant", "wire", 50, "r", "CONFIRMED")
REPO = Repo("", prices=PriceList([PriceRow("say", "__run__", 5, date(2026, 1, 1))]), payments=(PAID,),
            topup_methods={"wire": TopupMethod("wire", "Wire", True)})
PLAN = Plan({order(TEA).id: order(TEA)})


def spend(amount: int = -5, task_hash: str = TEA.task_hash, epoch: int = 0) -> Post:
    item = Item(keys.item(PostType.SPEND, task_hash, "__run__", epoch), "say", "brew", "__run__", PostType.SPEND,
                amount, task_hash, epoch)
    return Post(keys.charge([item]), "charge", "tenant", PostType.SPEND, amount, "tea", items=(item,))


def refund(note: str = "module_failed", task_hash: str = TEA.task_hash, epoch: int = 0) -> Post:
    item = Item(keys.item(PostType.REFUND, task_hash, "__run__", epoch), "say", "brew", "__run__", PostType.REFUND, 5,
                task_hash, epoch, note)
    return Post(keys.refund([item]), "refund", "tenant", PostType.REFUND, 5, "tea", note, items=(item,))


def judged(*posts: Post, runs: tuple[RunRecord, ...] = (), plan: Plan = PLAN) -> Reconciliation:
    return reconcile([Record(seq, NOON, "", post, b"") for seq, post in enumerate(posts, 1)], REPO, plan, runs)


def why(*posts: Post, runs: tuple[RunRecord, ...] = (), plan: Plan = PLAN) -> list[str]:
    return [row.why for row in judged(*posts, runs=runs, plan=plan).unexplained]


def test_a_payment_a_charge_and_the_refund_of_a_failed_run_are_explained() -> None:
    found = judged(payment(PAID), topup("tenant", 7, "wire", "r"), spend(), refund(),
                   runs=(run(TEA, Status.FAILED, "module_failed"),))
    assert found.unexplained == ()
    assert (found.credits, found.items) == ({PRESENT: 0, EARLIER: 0, GRANTED: 57}, {PRESENT: 2, EARLIER: 0, GRANTED: 2})


def test_a_charge_at_another_price_is_not() -> None:
    assert why(spend(-6)) == ["the price of say __run__ on 2026-11-24 was 5 credits"]


def test_a_charge_for_work_that_nothing_speaks_of_is_not() -> None:
    assert why(spend(), plan=Plan()) == ["no order has this work, and no run record, fact or refund speaks of it"]
    assert why(spend(), plan=Plan(), runs=(run(TEA, Status.COMPLETED),)) == []


@pytest.mark.parametrize(("record", "words"), [
    (run(TEA, Status.COMPLETED), "its run record says COMPLETED"),
    (run(TEA, Status.COMPLETED, epoch=1), "no run record says so"),
    (run(TEA, Status.SKIPPED, "skipped_upstream"), ""),
])
def test_a_refund_is_explained_by_the_record_of_the_run_that_it_refunds(record: RunRecord, words: str) -> None:
    assert why(spend(), refund(), runs=(record,)) == ([words] if words else [])


def test_a_refund_whose_run_was_replaced_by_its_retry_is_explained_by_the_retrys_charge() -> None:
    assert why(spend(), refund(), spend(epoch=1), runs=(run(TEA, Status.COMPLETED, epoch=1),)) == []


def test_work_that_the_ledger_knows_as_done_is_never_refunded_but_for_what_publishing_did_not_find() -> None:
    done = Post("completion:x", "completion", "tenant", PostType.SPEND, 0, "tea",
                metadata={"done": {TEA.task_hash: 0}, "held": {}})
    assert why(spend(), done, refund("superseded")) == ["the work was done"]
    assert why(spend(), done, refund("delivery_missing")) == []


def test_superseded_work_is_refunded_only_when_its_order_has_it_no_more() -> None:
    assert why(spend(), refund("superseded")) == ["its order still has this work"]
    assert why(spend(), refund("superseded"), plan=Plan()) == []


def test_a_payment_that_nobody_confirmed_and_a_method_that_nobody_has_are_not() -> None:
    assert why(payment(Payment("P2", "tenant", "wire", 50, "r", "CONFIRMED")), topup("tenant", 1, "cash", "r")) == [
        "config/payments.csv does not confirm payment P2 so", "config/topup_methods.csv has no method 'cash'"]
