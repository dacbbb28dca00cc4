"""Explain every credit in the ledger by the present repository and the runtime directory. Pure.

An order and the price list explain each SPEND, a run record each REFUND, and a payment, promotion
or method each TOPUP. Also, each run must have its SPEND.

If the present plan does not contain a task hash, the item belongs to an earlier version or period
of its order. A kept manifest explains it, because the task hash is the manifest's digest. So does
its run record. If neither is on this machine, only the ledger's own facts and refunds explain the
item. The report lists such items separately: anyone who can forge a charge can also forge facts.
"""
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from platform.ledger.journal.record import Record
from platform.model.entry import Item, PostType, sides
from platform.model.plan import Plan
from platform.model.repo import Repo
from platform.model.run import RunEnding, RunRecord
from platform.report import reconcile_keys
from platform.report.reconcile_grants import Grants
from platform.report.reconcile_work import Works

PRESENT, AWAITED = "present plan", "present plan, not run yet"
EARLIER, LEDGER = "earlier version of the order", "by the ledger's word alone"
GRANTED, BY_HAND = "payment or promotion", "top-up by hand, to be found by its reference"
ADJUSTED = "adjustment by hand, to be found by its reference"
BY = (PRESENT, AWAITED, EARLIER, LEDGER, GRANTED, BY_HAND, ADJUSTED)
_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Unexplained:
    """An amount without an explanation.

    `line` is the line in journal.csv, 0 for a missing charge. `key` is the item's or the post's.
    """

    line: int
    key: str
    tenant_id: str
    work_order_id: str
    amount_credits: int  # signed; for a missing charge, the expected amount
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The signed credits and the number of items by explanation, and the unexplained amounts."""

    credits: Mapping[str, int]
    items: Mapping[str, int]
    unexplained: tuple[Unexplained, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def reconcile(records: Iterable[Record], repo: Repo, plan: Plan, runs: Iterable[RunRecord],
              kept: Iterable[Mapping[str, Any]] = (),
              ended: Mapping[str, Iterable[RunEnding]] = MappingProxyType({})) -> Reconciliation:
    """Explain the ledger's `records`.

    * `runs`: all run records, of any order and task hash.
    * `kept`: all kept manifests of ordered work; the task hash of each proves it.
    * `ended`: the results of the runs by task hash, including runs whose record was replaced.
    """
    history = list(records)
    works = Works([record.post for record in history], repo, plan, runs, kept, ended)
    grants = Grants(history, repo)
    sums, items, wrong = dict.fromkeys(BY, 0), dict.fromkeys(BY, 0), list[Unexplained]()
    for record in history:
        for key, amount, by, why in _judged(record, works, grants):
            if why:
                post = record.post
                wrong.append(
                    Unexplained(
                        record.seq + 1, key, post.tenant_id, post.work_order_id, amount, why
                    )
                )
            else:
                sums[by] += amount
                items[by] += 1
        grants.note(record)
    wrong += [
        Unexplained(0, key, *order, amount, why) for key, order, amount, why in works.uncharged()
    ]
    return Reconciliation(sums, items, tuple(wrong))


def _judged(record: Record, works: Works, grants: Grants) -> Iterator[tuple[str, int, str, str]]:
    """For each amount in a post: (key, credits, explanation, why it is unexplained).

    A post without credits needs no explanation.
    """
    post, day = record.post, date.fromisoformat(record.ts[:10])
    days = (day, day - _A_DAY)  # a run past midnight uses the prices of the day on which it began
    if why := reconcile_keys.objection(post):
        yield post.key, post.amount_credits, "", why
    elif post.type is PostType.ADJUSTMENT:
        for side in sides(post):
            yield side.key, side.amount_credits, ADJUSTED, grants.correction(post)
    elif post.type is PostType.TOPUP:
        by = BY_HAND if post.kind == "topup" else GRANTED
        yield post.key, post.amount_credits, by, grants.objection(record, days)
    else:
        for item in post.items if post.kind in ("charge", "refund") else ():
            objection = works.spend if item.type is PostType.SPEND else works.refund
            yield item.key, item.amount_credits, _by(works, item), objection(post, item, days)


def _by(works: Works, item: Item) -> str:
    task_hash = item.task_hash
    if works.is_by_ledger_alone(item):
        return LEDGER
    if works.planned(task_hash):
        return PRESENT if works.ran(task_hash) else AWAITED
    return EARLIER if works.known(task_hash) else LEDGER
