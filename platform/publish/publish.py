"""Publishing, thin: each selected purchase is packed, put into the store's folder and only then recorded.

A kill between the two leaves a file without evidence; the next run makes the same bytes, finds them and records them.
What is lost for certain is refunded where config/reasons.yml says that `delivery_missing` is refundable.
"""
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from platform.ledger import keys
from platform.ledger.balance import Book
from platform.ledger.journal import Ledger
from platform.model.contract import Contract
from platform.model.entry import Item, Post, PostType
from platform.model.ids import StepId
from platform.model.reasons import Reasons
from platform.model.run import RunRecord
from platform.publish.artifact import Artifact, NotThere, promised, write_artifact
from platform.publish.select import Purchase, evidence_key

DELIVERY_MISSING = "delivery_missing"


@dataclass(frozen=True, slots=True)
class Store:
    """A folder that takes artifacts. `uri` is how evidence names it; `simulated` when nobody else sees it."""

    folder: Path
    uri: str
    simulated: bool

    @property
    def status(self) -> str:
        return "simulated" if self.simulated else "published"


@dataclass(frozen=True, slots=True)
class Published:
    purchase: Purchase
    artifact: Artifact
    uri: str
    status: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A purchase that was not published, why, and what was given back for it."""

    purchase: Purchase
    message: str
    refunded_credits: int = 0


@dataclass(frozen=True, slots=True)
class Shop:
    """What publishing asks: contracts, reasons, run records and where their outputs lie."""

    contracts: Mapping[str, Contract]
    reasons: Reasons
    runtime_dir: Path
    record: Callable[[StepId], RunRecord | None]


def publish(purchases: Iterable[Purchase], shop: Shop, store: Store,
            ledger: Ledger) -> tuple[list[Published], list[Missing]]:
    """Publish each purchase; one that is missing stops no other. StorageError and the ledger's errors stop all."""
    published: list[Published] = []
    missing: list[Missing] = []
    for purchase in purchases:
        below = Path(*purchase.step, purchase.deliverable_id, purchase.artifact_name)
        try:
            sources = promised(purchase, shop.record(purchase.step), shop.contracts, shop.runtime_dir)
            artifact = write_artifact(sources, store.folder / below)
        except NotThere as error:
            back = error.lost and not store.simulated and shop.reasons.refundable(DELIVERY_MISSING)
            missing.append(Missing(purchase, str(error), _give_back(purchase, ledger) if back else 0))
            continue
        done = Published(purchase, artifact, f"{store.uri}/{below.as_posix()}", store.status)
        _post(ledger, purchase, partial(_evidence, done))
        published.append(done)
    return published, missing


def _evidence(done: Published, _: Book) -> Post:
    """A zero-credit row of which published_artifacts.csv is made."""
    purchase, artifact = done.purchase, done.artifact
    return Post(
        evidence_key(purchase.item_key, simulated=done.status == "simulated"), "publish", purchase.step.tenant_id,
        PostType.SPEND, 0, purchase.step.work_order_id, note=done.status,
        metadata={"step_id": purchase.step.step_id, "module_id": purchase.module_id,
                  "deliverable_id": purchase.deliverable_id, "artifact_name": artifact.path.name,
                  "sha256": artifact.sha256, "bytes": artifact.bytes, "uri": done.uri, "status": done.status,
                  "transaction_item_id": purchase.item_id})


def _give_back(purchase: Purchase, ledger: Ledger) -> int:
    return sum(post.amount_credits for post in _post(ledger, purchase, partial(_refund, purchase)))


def _refund(purchase: Purchase, book: Book) -> Post:
    """One REFUND of what stands paid for the deliverable, the run's charge untouched."""
    amount = book.paid(purchase.task_hash, purchase.deliverable_id) or 0
    key = keys.item(PostType.REFUND, purchase.task_hash, purchase.deliverable_id, purchase.refund_epoch)
    items = (Item(key, purchase.module_id, purchase.step.step_id, purchase.deliverable_id, PostType.REFUND, amount,
                  purchase.task_hash, purchase.refund_epoch, note=DELIVERY_MISSING),)
    return Post(keys.refund(items), "refund", purchase.step.tenant_id, PostType.REFUND, amount,
                purchase.step.work_order_id, reason_code=DELIVERY_MISSING, note="at publishing", items=items)


def _post(ledger: Ledger, purchase: Purchase, post: Callable[[Book], Post]) -> tuple[Post, ...]:
    """Post it if the purchase still stands in the newest book: another run may have refunded it meanwhile."""
    def stands(book: Book) -> bool:
        return (book.paid(purchase.task_hash, purchase.deliverable_id) is not None
                and book.epoch(purchase.task_hash, purchase.deliverable_id) == purchase.refund_epoch)

    return ledger.post(lambda book: (post(book),) if stands(book) else ())
