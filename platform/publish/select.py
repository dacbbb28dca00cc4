"""Which bought deliverables still await publishing. Pure: posts in, purchases out.

A purchase awaits while it stands paid and has no evidence at its refund epoch. A simulation's evidence has a key of its
own: it keeps a second simulation from doing anything, never the real publication.
"""
from collections.abc import Iterable
from dataclasses import dataclass

from platform.model.digest import derived_id
from platform.model.entry import Item, Post, PostType
from platform.model.ids import StepId, is_internal


@dataclass(frozen=True, slots=True)
class Purchase:
    """A deliverable that stands paid. `posted_at` is when it was charged: UTC, ISO 8601, with Z."""

    step: StepId
    module_id: str
    deliverable_id: str
    task_hash: str
    refund_epoch: int
    item_key: str
    posted_at: str

    @property
    def item_id(self) -> str:
        """Its row's id in transaction_items.csv."""
        return derived_id(self.item_key)

    @property
    def artifact_name(self) -> str:
        return "-".join((*self.step, self.deliverable_id, self.task_hash[:12])) + ".zip"

    def __str__(self) -> str:
        return f"{self.step}/{self.deliverable_id}"


def evidence_key(item_key: str, *, simulated: bool) -> str:
    """The idempotency key of the evidence that an item was published."""
    return f"{'publish-simulated' if simulated else 'publish'}:{item_key}"


def select(posts: Iterable[tuple[str, Post]], *, since: str = "", tenant_id: str = "",
           simulated: bool = False) -> tuple[Purchase, ...]:
    """The purchases that await publishing (or its simulation), in the order they were charged.

    `posts` are the journal's, each with its time. `since` is a time as the journal writes it; what was charged in that
    second counts. Empty means all.
    """
    standing: dict[tuple[str, str], Purchase] = {}
    seen: set[str] = set()
    for posted_at, post in posts:
        if post.kind == "publish":
            seen.add(post.key)
        for item in post.items:
            if post.kind == "charge" and not is_internal(item.deliverable_id):
                step = StepId(post.tenant_id, post.work_order_id, item.step_id)
                standing[item.task_hash, item.deliverable_id] = _purchase(step, item, posted_at)
            elif item.type is PostType.REFUND:
                standing.pop((item.task_hash, item.deliverable_id), None)
    return tuple(purchase for purchase in standing.values()
                 if purchase.posted_at >= since and tenant_id in ("", purchase.step.tenant_id)
                 and not _published(purchase, seen, simulated))


def _purchase(step: StepId, item: Item, posted_at: str) -> Purchase:
    return Purchase(step, item.module_id, item.deliverable_id, item.task_hash, item.refund_epoch, item.key, posted_at)


def _published(purchase: Purchase, seen: set[str], simulated: bool) -> bool:
    return (evidence_key(purchase.item_key, simulated=False) in seen
            or (simulated and evidence_key(purchase.item_key, simulated=True) in seen))
