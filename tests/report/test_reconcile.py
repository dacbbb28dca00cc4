"""What explains a credit, and what does not: a price list of `say __run__` at 5 credits and `say said` at 2.

The attacks are journals that are valid in themselves: whoever can write one line can write its hash, too.
"""
import dataclasses
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from platform.ledger.journal.record import Record
from platform.ledger.rules import keys
from platform.ledger.rules.adjust import Correction, adjustment, transfer
from platform.ledger.rules.body import price_words
from platform.ledger.rules.credit import payment, topup
from platform.model.digest import derived_id, digest_of
from platform.model.entry import Item, Post, PostType
from platform.model.plan import Plan
from platform.model.prices import Payment, PriceList, PriceRow, Promotion, TopupMethod
from platform.model.reasons import Reason, Reasons
from platform.model.repo import Repo
from platform.model.run import RunEnding, RunRecord, Status
from platform.report.reconcile import (
    ADJUSTED,
    AWAITED,
    BY_HAND,
    EARLIER,
    GRANTED,
    LEDGER,
    PRESENT,
    Reconciliation,
    reconcile,
)
from tests.ledger.conftest import NOON, order, run, step

TEA = step("brew")
PAID = Payment("P1", "tenant", "wire", 50, "r", "CONFIRMED")
REPO = Repo("", prices=PriceList([PriceRow("say", "__run__", 5, date(2026, 1, 1)),
                                  PriceRow("say", "said", 2, date(2026, 1, 1))]), payments=(PAID,),
            topup_methods={"wire": TopupMethod("wire", "Wire", True)},
            promotions={"HELLO": Promotion("HELLO", 10, 1, date(2026, 1, 1))})
PLAN = Plan({order(TEA).id: order(TEA)})
SAID = step("brew", ("__run__", 5), ("said", 2))
SAID_TOO = Plan({order(SAID).id: order(SAID)})
BREWED = {"format": 1, "tenant_id": "tenant", "work_order_id": "tea", "step_id": "brew", "module_id": "say",
          "module_version": "1", "inputs": {}, "bindings": {}, "deliverables": ["said"], "period": ""}
OLD = digest_of(BREWED)


def item(type_: PostType, amount: int, task_hash: str, epoch: int, deliverable: str, note: str = "") -> Item:
    return Item(keys.item(type_, task_hash, deliverable, epoch), "say", "brew", deliverable, type_, amount, task_hash,
                epoch, note)


def spend(amount: int = -5, task_hash: str = TEA.task_hash, epoch: int = 0, deliverable: str = "__run__") -> Post:
    items = (item(PostType.SPEND, amount, task_hash, epoch, deliverable),)
    return Post(keys.charge(items), "charge", "tenant", PostType.SPEND, amount, "tea", items=items)


def refund(note: str = "module_failed", task_hash: str = TEA.task_hash, epoch: int = 0, amount: int = 5,
           deliverable: str = "__run__") -> Post:
    items = (item(PostType.REFUND, amount, task_hash, epoch, deliverable, note),)
    return Post(keys.refund(items), "refund", "tenant", PostType.REFUND, amount, "tea", note, items=items)


def judged(*posts: Post, runs: tuple[RunRecord, ...] = (), plan: Plan = PLAN,
           kept: tuple[Mapping[str, object], ...] = (),
           ended: Mapping[str, tuple[RunEnding, ...]] = MappingProxyType({})) -> Reconciliation:
    records = [Record(seq, NOON, "", post, b"") for seq, post in enumerate(posts, 1)]
    return reconcile(records, REPO, plan, runs, kept, ended)


def why(*posts: Post, runs: tuple[RunRecord, ...] = (), plan: Plan = PLAN,
        kept: tuple[Mapping[str, object], ...] = ()) -> list[str]:
    return [row.why for row in judged(*posts, runs=runs, plan=plan, kept=kept).unexplained]


def by(found: Reconciliation) -> list[str]:
    return [name for name, count in found.items.items() if count]


def test_a_payment_a_charge_and_the_refund_of_a_failed_run_are_explained() -> None:
    found = judged(payment(PAID), topup("tenant", 7, "wire", "r"), spend(), refund(),
                   runs=(run(TEA, Status.FAILED, "module_failed"),))
    assert found.unexplained == ()
    assert ({by: amount for by, amount in found.credits.items() if found.items[by]}, sum(found.items.values())) == (
        {PRESENT: 0, GRANTED: 50, BY_HAND: 7}, 4)


def test_a_charge_at_another_price_is_not() -> None:
    assert why(spend(-6)) == ["the price of say __run__ on 2026-11-24 was 5 credits"]


def test_a_charge_for_work_that_nothing_speaks_of_is_not() -> None:
    assert why(spend(), plan=Plan()) == ["no order has this work, and no run record, fact or refund mentions it"]
    assert why(spend(), plan=Plan(), runs=(run(TEA, Status.COMPLETED),)) == []


@pytest.mark.parametrize(("record", "words"), [
    (run(TEA, Status.COMPLETED), "its run record says COMPLETED"),
    (run(TEA, Status.SKIPPED, "skipped_upstream"), ""),
])
def test_a_refund_is_explained_by_the_record_of_the_run_that_it_refunds(record: RunRecord, words: str) -> None:
    assert why(spend(), refund(), runs=(record,)) == ([words] if words else [])


def test_a_refund_whose_run_was_replaced_by_its_retry_is_explained_by_the_retrys_charge() -> None:
    assert why(spend(), refund(), spend(epoch=1), runs=(run(TEA, Status.COMPLETED, epoch=1),)) == []


def fact(task_hash: str = TEA.task_hash, epoch: int = 0) -> Post:
    return Post("completion:x", "completion", "tenant", PostType.SPEND, 0, "tea",
                metadata={"done": {task_hash: epoch}, "held": {}})


def test_work_that_the_ledger_knows_as_done_is_never_refunded() -> None:
    assert why(spend(), fact(), refund("superseded")) == ["the work was done"]


def test_superseded_work_is_refunded_only_when_its_order_has_it_no_more() -> None:
    assert why(spend(), refund("superseded")) == ["its order still has this work"]
    assert why(spend(), refund("superseded"), plan=Plan()) == []


def test_a_payment_that_nobody_confirmed_and_a_method_that_nobody_has_are_not() -> None:
    found = why(payment(Payment("P2", "tenant", "wire", 50, "r", "CONFIRMED")), topup("tenant", 1, "cash", "r"))
    assert found[1:] == ["config/topup_methods.csv has no method 'cash'"]
    assert found[0].startswith("config/payments.csv does not confirm payment P2 so: restore its row, or correct the "
                               "ledger with `python -m platform.cli admin-adjust --tenant-id tenant")


SAYS_WHY = Reasons({"goodwill": Reason("goodwill", "global", "adjustment", False),
                    "module_failed": Reason("module_failed", "global", "module", True)})


def corrected(*posts: Post) -> Reconciliation:
    repo = dataclasses.replace(REPO, reasons=SAYS_WHY)
    return reconcile([Record(seq, NOON, "", post, b"") for seq, post in enumerate(posts, 1)], repo, PLAN, ())


def said(corrects: str, reason: str = "goodwill") -> Correction:
    return Correction("r", reason, "n", corrects)


GIVEN = topup("tenant", 7, "wire", "r")


@pytest.mark.parametrize(("post", "words"), [
    (adjustment("tenant", -3, said(derived_id(GIVEN.key))), ""),
    (adjustment("tenant", -3, said("")), ""),
    (transfer("tenant", "other1", 3, said(derived_id(GIVEN.key))), ""),
    (adjustment("tenant", -3, said("nothing")), "which is not an earlier transaction of tenant"),
    (adjustment("other1", 3, said(derived_id(GIVEN.key))), "which is not an earlier transaction of other1"),
    (adjustment("tenant", -3, said("", "module_failed")), "has no reason module_failed of category adjustment"),
    (replace(adjustment("tenant", -3, said("")), key="adjustment:again"), "its key is not that of such an adjustment"),
])
def test_a_correction_is_explained_by_its_reason_and_by_what_it_corrects(post: Post, words: str) -> None:
    found = corrected(GIVEN, post)
    assert [words in row.why for row in found.unexplained][:1] == ([True] if words else [])
    assert bool(found.items[ADJUSTED]) is not bool(words)


HELLO = Post(keys.promotion("tenant", "HELLO", "tea"), "promotion", "tenant", PostType.TOPUP, 10, "tea",
             metadata={"promo_code": "HELLO"})
DONE = run(TEA, Status.COMPLETED)
FAILED = run(TEA, Status.FAILED, "module_failed")
SOLD = spend(-2, SAID.task_hash, deliverable="said")
SHOWN = Post("publish:x", "publish", "tenant", PostType.SPEND, 0, "tea", metadata={
    "status": "published", "transaction_item_id": derived_id(SOLD.items[0].key)})
LOST = refund("delivery_missing", SAID.task_hash, amount=2, deliverable="said")


@pytest.mark.parametrize(("posts", "words"), [
    ([replace(payment(PAID), key="payment:again"), payment(PAID)], "its key is not that of such a payment"),
    ([replace(topup("tenant", 7, "wire", "r"), kind="bonus")], "no rule posts a TOPUP of kind bonus"),
    ([HELLO], "order tea was neither charged nor refused after it"),
    ([HELLO, replace(HELLO, work_order_id="pie", key=keys.promotion("tenant", "HELLO", "pie")), spend(),
      replace(spend(), work_order_id="pie")], "this promotion may be used 1 time, but this is use 2"),
    ([replace(HELLO, amount_credits=11), spend()], "config/promotions.csv has no promotion that grants this"),
    ([replace(spend(), kind="evidence")], "no rule posts a SPEND of kind evidence"),
    ([replace(spend(), items=())], "has credits but no items"),
    ([replace(spend(), key="charge:again")], "its key is not that of such a charge"),
    ([replace(spend(), tenant_id="other1")], "its task hash is the work of tenant/tea/brew (say)"),
    ([replace(spend(), work_order_id="pie")], "its task hash is the work of tenant/tea/brew (say)"),
    ([spend(-2, deliverable="said")], "its order did not buy said"),
    ([spend(), replace(refund(), tenant_id="other1")], "it was charged to tenant/tea/brew"),
    ([spend(), refund()], "its run record says COMPLETED"),
    ([spend(), refund("delivery_missing")], "__run__ is never published, so it cannot be missing"),
])
def test_a_forged_post_is_not_explained(posts: list[Post], words: str) -> None:
    found = why(*posts, runs=(DONE,))
    assert [line for line in found if words in line], found


def test_what_publishing_missed_is_given_back_unless_it_was_published() -> None:
    paid = (spend(task_hash=SAID.task_hash), SOLD)
    done = (run(SAID, Status.COMPLETED),)
    assert why(*paid, LOST, runs=done, plan=SAID_TOO) == []
    assert why(*paid, SHOWN, LOST, runs=done, plan=SAID_TOO) == ["it was published"]


def test_work_that_ran_without_being_charged_is_missed_with_what_it_would_have_cost() -> None:
    found = judged(runs=(DONE,)).unexplained
    assert [(row.line, row.amount_credits, row.why) for row in found] == [
        (0, -5, "tenant/tea/brew is COMPLETED and was never charged")]
    assert why(runs=(run(TEA, Status.SKIPPED, "skipped_upstream"),)) == []
    assert why(spend(), runs=(run(TEA, Status.COMPLETED, epoch=1),)) == ["tenant/tea/brew is COMPLETED and was never "
                                                                          "charged"]
    assert why(spend(task_hash=SAID.task_hash), plan=SAID_TOO, runs=(run(SAID, Status.COMPLETED),)) == [
        "tenant/tea/brew is COMPLETED and was never charged: said"]


def test_what_the_ledger_calls_done_was_charged() -> None:
    assert why(fact()) == ["a fact of the ledger is about work that was never charged"]
    assert why(spend(), fact()) == []


def test_how_well_a_charge_is_explained_is_told() -> None:
    assert by(judged(spend())) == [AWAITED]
    assert by(judged(spend(), runs=(DONE,))) == [PRESENT]
    assert by(judged(spend(task_hash=OLD), kept=(BREWED,))) == [EARLIER]
    assert by(judged(spend(task_hash=OLD), fact(OLD))) == [LEDGER]


def test_a_kept_manifest_speaks_for_its_own_work_only() -> None:
    assert why(spend(-2, OLD, deliverable="said"), kept=(BREWED,)) == []
    assert why(spend(-2, OLD, deliverable="said"), kept=({**BREWED, "deliverables": []},)) == [
        "no order has this work, and no run record, fact or refund mentions it"]
    other = replace(spend(task_hash=OLD), tenant_id="other1")
    assert why(other, kept=(BREWED,)) == ["its task hash is the work of tenant/tea/brew (say)"]


def test_a_run_record_that_does_not_fit_its_hash_says_nothing() -> None:
    forged = dataclasses.replace(run(TEA, Status.FAILED, "module_failed"), task=BREWED)
    assert by(judged(spend(), refund(), runs=(forged,))) == [PRESENT, LEDGER]
    assert why(spend(), refund(), runs=(FAILED,)) == []


@pytest.mark.parametrize(("ended", "words"), [
    (RunEnding(0, Status.FAILED, "module_failed", "r", NOON), []),
    (RunEnding(0, Status.SKIPPED, "skipped_upstream", "r", NOON), []),
    (RunEnding(0, Status.COMPLETED, "", "r", NOON), ["its run record says COMPLETED"]),
])
def test_a_refund_is_explained_by_how_its_epoch_ended_after_the_record_was_replaced(
        ended: RunEnding, words: list[str]) -> None:
    found = judged(spend(), refund(), plan=Plan(), ended={TEA.task_hash: (ended,)})
    assert [row.why for row in found.unexplained] == words


def test_a_refund_whose_run_nobody_here_knows_is_explained_by_the_ledgers_word_alone() -> None:
    found = judged(spend(), refund(), kept=(BREWED,))
    assert (found.unexplained, found.items[LEDGER]) == ((), 1)


@pytest.mark.parametrize(("status", "reason", "alone"), [
    (Status.NEEDS_DECISION, "module_failed", True), (Status.FAILED, "claimed_elsewhere", True),
    (Status.NEEDS_DECISION, "unverified", False)])
def test_a_refund_of_another_clone_is_not_judged_by_a_step_that_only_waited_here(
        status: Status, reason: str, alone: bool) -> None:
    ended = {TEA.task_hash: (RunEnding(0, status, reason, "r", NOON),)}
    found = judged(spend(), refund(), kept=(BREWED,), ended=ended)
    assert (found.unexplained == (), found.items[LEDGER]) == (alone, int(alone))


def priced(amount: int, since: str, deliverable: str = "__run__") -> Post:
    """A charge as it is posted today: with its price row."""
    post = spend(-amount, deliverable=deliverable)
    return replace(post, items=(replace(post.items[0], metadata=price_words(amount, since)),))


@pytest.mark.parametrize(("charge", "words", "explained"), [
    (priced(5, "2026-01-01"), [], AWAITED),
    (priced(7, "2026-03-01"), [], LEDGER),  # a later row was deleted, and an earlier one is in force again
    (priced(6, "2026-01-01"), ["the price of say __run__ from 2026-01-01 was 6 credits and was edited to 5 credits: "
                               "restore the row, and add another for a new price"], None),
    (priced(7, "2027-01-01"), ["the price of say __run__ on 2026-11-24 was 5 credits"], None),
])
def test_a_charge_is_explained_by_the_price_row_that_it_names(charge: Post, words: list[str],
                                                             explained: str | None) -> None:
    found = judged(charge)
    assert [row.why for row in found.unexplained] == words
    assert by(found) == ([explained] if explained else [])


def test_a_charge_whose_price_rows_are_all_deleted_is_explained_when_it_names_its_own() -> None:
    gone = dataclasses.replace(REPO, prices=PriceList(()))
    told = [reconcile([Record(1, NOON, "", post, b"")], gone, PLAN, ()) for post in (priced(5, "2026-01-01"), spend())]
    assert (told[0].unexplained, by(told[0])) == ((), [LEDGER])
    assert [row.why for row in told[1].unexplained] == [
        "no price of say __run__ was in force on 2026-11-24, and the charge does not name its price row: "
        "restore the row, and end it with effective_to"]
