"""Every credit explained: each SPEND by an order and the price list, each REFUND by a run record, each TOPUP by what
grants it. Pure: what the repository and the runtime folder say now, held against what was posted then.

An item of a task hash that the present plan does not have is an earlier version of its order. It is explained when its
price was the price list's on that day and something besides the charge speaks of that task: its run record, a fact
in the ledger (the work was done, or its charge is kept), or the refund that gave it back.
"""
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from platform.ledger.record import Record
from platform.ledger.refund import SUPERSEDED
from platform.model.entry import Item, Post, PostType
from platform.model.plan import Plan
from platform.model.repo import Repo
from platform.model.run import RunRecord, Status

PRESENT, EARLIER, GRANTED = "present plan", "earlier version of the order", "top-up or promotion"
DELIVERY_MISSING = "delivery_missing"
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unexplained:
    """An amount that nothing explains. `line` is that of journal.csv; `key` the item's, or the post's."""

    line: int
    key: str
    tenant_id: str
    work_order_id: str
    amount_credits: int  # signed
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Credits by what explains them (signed sums of items), and what nothing does."""

    credits: Mapping[str, int]
    items: Mapping[str, int]
    unexplained: tuple[Unexplained, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def reconcile(records: Iterable[Record], repo: Repo, plan: Plan, runs: Iterable[RunRecord]) -> Reconciliation:
    """`runs` are all run records there are, of whatever order and task hash."""
    return _Evidence(list(records), repo, plan, runs).judge()


class _Evidence:
    """What speaks of a task hash, from every side."""

    def __init__(self, records: list[Record], repo: Repo, plan: Plan, runs: Iterable[RunRecord]) -> None:
        self._records, self._repo = records, repo
        self._planned = {step.task_hash for order in plan.orders.values() for step in order.steps}
        self._runs = {(run.task_hash, run.refund_epoch): run for run in runs}
        posts = [record.post for record in records]
        items = [item for post in posts for item in post.items]
        facts = [post.metadata for post in posts if post.kind == "completion"]
        self._done = {pair for fact in facts for pair in fact["done"].items()}
        self._charged = {(item.task_hash, item.deliverable_id, item.refund_epoch)
                         for item in items if item.type is PostType.SPEND}
        self._spoken_of = {*self._planned, *(task_hash for task_hash, _ in self._runs),
                           *(task_hash for fact in facts for task_hash in (*fact["done"], *fact["held"])),
                           *(item.task_hash for item in items if item.type is PostType.REFUND)}

    def judge(self) -> Reconciliation:
        sums = dict.fromkeys((PRESENT, EARLIER, GRANTED), 0)
        items, wrong = dict(sums), []
        for record in self._records:
            for key, amount, by, why in self._judged(record):
                if why:
                    post = record.post
                    wrong.append(Unexplained(record.seq + 1, key, post.tenant_id, post.work_order_id, amount, why))
                else:
                    sums[by] += amount
                    items[by] += 1
        return Reconciliation(sums, items, tuple(wrong))

    def _judged(self, record: Record) -> Iterator[tuple[str, int, str, str]]:
        """(key, credits, what explains it, why nothing does) of each amount in a post; no credits need no reason."""
        post, day = record.post, date.fromisoformat(record.ts[:10])
        if post.type is PostType.TOPUP:
            yield post.key, post.amount_credits, GRANTED, self._grant(post, day)
        elif post.amount_credits and not post.items:
            yield post.key, post.amount_credits, "", "has credits and no items"
        for item in post.items if post.kind in ("charge", "refund") else ():
            by = PRESENT if item.task_hash in self._planned else EARLIER
            why = self._spend(item, day) if item.type is PostType.SPEND else self._refund(item)
            yield item.key, item.amount_credits, by, why

    def _spend(self, item: Item, day: date) -> str:
        """A run that went over midnight has the price of the day on which it began."""
        rows = [self._repo.prices.in_force(item.module_id, item.deliverable_id, on) for on in (day, day - _A_DAY)]
        prices = [row.price_credits for row in rows if row]
        if not prices:
            return f"no price of {item.module_id} {item.deliverable_id} was in force on {day}"
        if -item.amount_credits not in prices:
            return f"the price of {item.module_id} {item.deliverable_id} on {day} was {prices[0]} credits"
        if item.task_hash not in self._spoken_of:
            return "no order has this work, and no run record, fact or refund speaks of it"
        return ""

    def _refund(self, item: Item) -> str:
        """By the record of the run that was refunded; by a later charge of the same item, whose run replaced it."""
        run = self._runs.get((item.task_hash, item.refund_epoch))
        if not self._repo.reasons.refundable(item.note):
            return f"reason {item.note} gives nothing back"
        if item.note == DELIVERY_MISSING:
            return ""  # given back at publishing, after the work was done
        if (item.task_hash, item.refund_epoch) in self._done:
            return "the work was done"
        if run is not None:
            failed = run.status is Status.FAILED and self._repo.reasons.refundable(run.reason)
            gives_back = failed or run.status is Status.SKIPPED
            return "" if gives_back else f"its run record says {run.status} {run.reason}".rstrip()
        if (item.task_hash, item.deliverable_id, item.refund_epoch + 1) in self._charged:
            return ""
        if item.note == SUPERSEDED:
            return "its order still has this work" if item.task_hash in self._planned else ""
        return "no run record says so"

    def _grant(self, post: Post, day: date) -> str:
        said = post.metadata
        if post.kind == "payment":
            paid = {(row.payment_id, row.tenant_id, row.amount_credits)
                    for row in self._repo.payments if row.status == "CONFIRMED"}
            same = (said["payment_id"], post.tenant_id, post.amount_credits) in paid
            return "" if same else f"config/payments.csv does not confirm payment {said['payment_id']} so"
        if post.kind == "promotion":
            row = self._repo.promotions.get(str(said["promo_code"]))
            covered = row and row.credits == post.amount_credits and (row.covers(day) or row.covers(day - _A_DAY))
            return "" if covered else f"config/promotions.csv does not grant this by {said['promo_code']} on {day}"
        method = str(said.get("topup_method_id", ""))
        return "" if method in self._repo.topup_methods else f"config/topup_methods.csv has no method {method!r}"
