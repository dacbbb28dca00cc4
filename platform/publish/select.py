"""Which bought deliverables are still to be published. Pure: posts and the book in, purchases out.

A purchase awaits publishing while it is paid and has no evidence at its refund epoch. The evidence
of a simulation has another key: it prevents a second simulation, but not the real publication.
"""
from collections.abc import Iterable
from dataclasses import dataclass

from platform.ledger.rules.balance import Book
from platform.model.digest import derived_id
from platform.model.entry import Item, Post
from platform.model.ids import StepId, is_internal

PER_RELEASE = 450  # purchases; each has two assets, and a release on GitHub takes 1,000


@dataclass(frozen=True, slots=True)
class Purchase:
    """A deliverable that was charged at `posted_at` (UTC, ISO 8601, with Z).

    `number` counts the deliverables that its tenant bought before this one. It determines the
    release, so no request to the store is needed.
    """

    step: StepId
    module_id: str
    deliverable_id: str
    task_hash: str
    refund_epoch: int
    item_key: str
    posted_at: str
    number: int = 0

    @property
    def item_id(self) -> str:
        """The id of its row in transaction_items.csv."""
        return derived_id(self.item_key)

    @property
    def artifact_name(self) -> str:
        return "-".join((*self.step, self.deliverable_id, self.task_hash[:12])) + ".zip"

    @property
    def statement_name(self) -> str:
        return f"{self.artifact_name}.intoto.json"

    def release(self, prefix: str) -> str:
        """The tag of its release: `<prefix>artifacts-<tenant>`; `-2`, `-3`, ... if it is full."""
        full = self.number // PER_RELEASE
        return f"{prefix}artifacts-{self.step.tenant_id}" + (f"-{full + 1}" if full else "")

    def __str__(self) -> str:
        return f"{self.step}/{self.deliverable_id}"


def evidence_key(item_key: str, *, simulated: bool) -> str:
    """The idempotency key of the evidence that an item was published."""
    return f"{'publish-simulated' if simulated else 'publish'}:{item_key}"


def bought(posts: Iterable[tuple[str, Post]]) -> dict[tuple[str, str], Purchase]:
    """The last purchase of every charged deliverable, by task hash and deliverable, in order.

    `posts` are the journal's, each with its time. A deliverable that is bought again after a refund
    keeps its number: its artifact has the same name, which must not be in two releases.
    """
    found: dict[tuple[str, str], Purchase] = {}
    counts: dict[str, int] = {}
    for posted_at, post in posts:
        for item in post.items if post.kind == "charge" else ():
            if not is_internal(item.deliverable_id):
                before = found.pop((item.task_hash, item.deliverable_id), None)
                number = before.number if before else counts.get(post.tenant_id, 0)
                counts[post.tenant_id] = counts.get(post.tenant_id, 0) + (before is None)
                step = StepId(post.tenant_id, post.work_order_id, item.step_id)
                found[item.task_hash, item.deliverable_id] = _purchase(
                    step, item, posted_at, number
                )
    return found


def is_paid(purchase: Purchase, book: Book) -> bool:
    """Whether it is paid at this epoch, and not refunded since."""
    return (book.paid(purchase.task_hash, purchase.deliverable_id) is not None
            and book.epoch(purchase.task_hash, purchase.deliverable_id) == purchase.refund_epoch)


def awaits(purchase: Purchase, book: Book, *, simulated: bool = False) -> bool:
    """Whether a purchase is still to be published (or simulated)."""
    return (is_paid(purchase, book)
            and not book.has(evidence_key(purchase.item_key, simulated=False))
            and not (simulated and book.has(evidence_key(purchase.item_key, simulated=True))))


def select(
    purchases: Iterable[Purchase],
    book: Book,
    *,
    since: str = "",
    tenant_id: str = "",
    work_order_id: str = "",
    simulated: bool = False,
) -> tuple[Purchase, ...]:
    """The purchases that await publishing (or its simulation), in the order of their charges.

    `since` is a time in the journal's form, inclusive; empty means all.
    """
    return tuple(purchase for purchase in purchases
                 if purchase.posted_at >= since and tenant_id in ("", purchase.step.tenant_id)
                 and work_order_id in ("", purchase.step.work_order_id)
                 and awaits(purchase, book, simulated=simulated))


def _purchase(step: StepId, item: Item, posted_at: str, number: int) -> Purchase:
    return Purchase(
        step,
        item.module_id,
        item.deliverable_id,
        item.task_hash,
        item.refund_epoch,
        item.key,
        posted_at,
        number,
    )
