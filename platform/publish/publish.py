"""Publishing, thin: each purchase is packed and put into its release with its statement, and only then recorded.

The package goes first, then the statement, then the evidence. A kill between any two leaves assets without evidence;
the next run makes the same bytes, finds them and goes on. What is lost for certain is refunded where config/reasons.yml
says that `delivery_missing` is refundable.
"""
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from platform.errors import ConflictError, CorruptError
from platform.files import sha256_file, write_atomic
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules import keys
from platform.ledger.rules.balance import Book
from platform.model.contract import Contract
from platform.model.entry import Item, Post, PostType
from platform.model.ids import StepId
from platform.model.reasons import Reasons
from platform.model.run import RunRecord
from platform.ports.release_store import Asset
from platform.publish.artifact import Artifact, NotThere, promised, write_artifact
from platform.publish.select import Purchase, evidence_key, stands
from platform.publish.shelf import Shelf
from platform.publish.statement import PAYLOAD_TYPE, envelope_in, is_about, statement
from platform.signing import dsse
from platform.signing.keys import SigningKey

DELIVERY_MISSING = "delivery_missing"
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class PublishTarget:
    """Where purchases go: releases whose tags begin with `prefix`, signed by `key` where there is one. `staging` is a
    folder for what is on its way; `simulated` when nobody else sees the releases."""

    shelf: Shelf
    prefix: str
    key: SigningKey | None
    staging: Path
    simulated: bool

    @property
    def status(self) -> str:
        return "simulated" if self.simulated else "published"


@dataclass(frozen=True, slots=True)
class PublishedPackage:
    """A package that is in its release, with its statement and its evidence; `uri` is where."""

    purchase: Purchase
    artifact: Artifact
    uri: str
    statement: Asset
    status: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A purchase that was not published: `reason` is delivery_missing or conflict, `message` says why; and what was
    given back for it."""

    purchase: Purchase
    message: str
    reason: str = DELIVERY_MISSING
    refunded_credits: int = 0


@dataclass(frozen=True, slots=True)
class Shop:
    """What publishing asks: contracts, reasons, run records and where their outputs lie."""

    contracts: Mapping[str, Contract]
    reasons: Reasons
    runtime_dir: Path
    record: Callable[[StepId], RunRecord | None]


def publish(purchase: Purchase, shop: Shop, place: PublishTarget, ledger: Ledger) -> PublishedPackage | Missing:
    """Publish one purchase. What is missing or in conflict is an answer; what the store, the disk and the ledger refuse
    is raised."""
    record = shop.record(purchase.step)
    try:
        sources = promised(purchase, record, shop.contracts, shop.runtime_dir)
        with _staged(place.staging, purchase) as (package, told):
            artifact = write_artifact(sources, package)
            assert record is not None  # `promised` has looked
            done = _put(purchase, record, artifact, told, place)
            _post(ledger, purchase, partial(_evidence, done))
            return done
    except NotThere as error:
        back = error.lost and not place.simulated and shop.reasons.refundable(DELIVERY_MISSING)
        return Missing(purchase, str(error), refunded_credits=_give_back(purchase, ledger) if back else 0)
    except ConflictError as error:
        return Missing(purchase, str(error), CONFLICT)


def publish_all(purchases: Iterable[Purchase], shop: Shop, place: PublishTarget,
                ledger: Ledger) -> tuple[list[PublishedPackage], list[Missing]]:
    """Publish each; one that is missing or in conflict stops no other."""
    outcomes = [publish(purchase, shop, place, ledger) for purchase in purchases]
    return ([done for done in outcomes if isinstance(done, PublishedPackage)],
            [lost for lost in outcomes if isinstance(lost, Missing)])


@contextmanager
def _staged(folder: Path, purchase: Purchase) -> Iterator[tuple[Path, Path]]:
    """Where the package and its statement lie until they are in the release. Names are the purchase's own, so nothing
    but the same bytes is ever there."""
    files = folder / purchase.artifact_name, folder / purchase.statement_name
    try:
        yield files
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _put(
    purchase: Purchase, record: RunRecord, artifact: Artifact, told: Path, place: PublishTarget
) -> PublishedPackage:
    """The package, then its statement: whoever finds a statement finds what it is about."""
    tag, title = purchase.release(place.prefix), f"Artifacts of tenant {purchase.step.tenant_id}"
    package = place.shelf.put(tag, title, artifact.path, artifact.sha256)
    payload = statement(purchase, record, artifact.sha256)
    write_atomic(told, dsse.sign(PAYLOAD_TYPE, payload, place.key).as_bytes())
    beside = place.shelf.put(tag, title, told, sha256_file(told),
                             is_as_good=lambda asset: _vouches(asset, tag, purchase, artifact.sha256, told, place))
    return PublishedPackage(purchase, artifact, package.uri, beside, place.status)


def _vouches(asset: Asset, tag: str, purchase: Purchase, package_sha256: str, told: Path, place: PublishTarget) -> bool:
    """Whether the statement that has the name already is as good as the one made now: about the same package of the
    same purchase, and signed by the same key where there is one."""
    place.shelf.store.download(tag, asset, told)
    try:
        envelope = envelope_in(told.read_bytes())
        if place.key is not None:
            dsse.verify(envelope, place.key.public, PAYLOAD_TYPE)
    except (ValueError, CorruptError):
        return False
    return is_about(envelope, purchase, package_sha256)


def _evidence(done: PublishedPackage, _: Book) -> Post:
    """A zero-credit row of which published_artifacts.csv is made."""
    purchase, artifact = done.purchase, done.artifact
    return Post(
        evidence_key(purchase.item_key, simulated=done.status == "simulated"), "publish", purchase.step.tenant_id,
        PostType.SPEND, 0, purchase.step.work_order_id, note=done.status,
        metadata={"step_id": purchase.step.step_id, "module_id": purchase.module_id,
                  "deliverable_id": purchase.deliverable_id, "artifact_name": artifact.path.name,
                  "sha256": artifact.sha256, "bytes": artifact.bytes, "uri": done.uri, "status": done.status,
                  "transaction_item_id": purchase.item_id, "statement_sha256": done.statement.sha256})


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
    return ledger.post(lambda book: (post(book),) if stands(purchase, book) else ())
