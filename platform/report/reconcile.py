"""Every credit explained: each SPEND by an order and the price list, each REFUND by a run record, each TOPUP by what
grants it; and each run by its SPEND. Pure: what the repository and the runtime folder say now, held against the ledger.

An item of a task hash that the present plan does not have is of an earlier version (or period) of its order: it is
explained by the manifest that was kept of it, which its hash proves, or by its run record. Where neither is on this
machine the ledger's own facts and refunds speak for it, and that is told apart: whoever can forge one can forge both.
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
    """An amount that nothing explains. `line` is that of journal.csv, 0 for a charge that is missing there; `key` the
    item's, or the post's."""

    line: int
    key: str
    tenant_id: str
    work_order_id: str
    amount_credits: int  # signed; of a missing charge what it would have been
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Credits by what explains them (signed sums of items), and what nothing does."""

    credits: Mapping[str, int]
    items: Mapping[str, int]
    unexplained: tuple[Unexplained, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def reconcile(records: Iterable[Record], repo: Repo, plan: Plan, runs: Iterable[RunRecord],
              kept: Iterable[Mapping[str, Any]] = (),
              ended: Mapping[str, Iterable[RunEnding]] = MappingProxyType({})) -> Reconciliation:
    """`runs` are all run records there are, of whatever order and task hash; `kept` all manifests of what was ordered,
    each proved by its task hash; `ended` how the runs of each task hash ended, also those whose record was replaced."""
    history = list(records)
    works = Works([record.post for record in history], repo, plan, runs, kept, ended)
    grants = Grants(history, repo)
    sums, items, wrong = dict.fromkeys(BY, 0), dict.fromkeys(BY, 0), list[Unexplained]()
    for record in history:
        for key, amount, by, why in _judged(record, works, grants):
            if why:
                post = record.post
                wrong.append(Unexplained(record.seq + 1, key, post.tenant_id, post.work_order_id, amount, why))
            else:
                sums[by] += amount
                items[by] += 1
        grants.note(record)
    wrong += [Unexplained(0, key, *order, amount, why) for key, order, amount, why in works.uncharged()]
    return Reconciliation(sums, items, tuple(wrong))


def _judged(record: Record, works: Works, grants: Grants) -> Iterator[tuple[str, int, str, str]]:
    """(key, credits, what explains it, why nothing does) of each amount in a post; no credits need no reason."""
    post, day = record.post, date.fromisoformat(record.ts[:10])
    days = (day, day - _A_DAY)  # a run that went over midnight has the prices of the day on which it began
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
            judge = works.spend if item.type is PostType.SPEND else works.refund
            yield item.key, item.amount_credits, _by(works, item), judge(post, item, days)


def _by(works: Works, item: Item) -> str:
    task_hash = item.task_hash
    if works.is_by_word(item):
        return LEDGER
    if works.planned(task_hash):
        return PRESENT if works.ran(task_hash) else AWAITED
    return EARLIER if works.known(task_hash) else LEDGER
