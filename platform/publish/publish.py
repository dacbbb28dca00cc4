"""Publish purchases: pack each one, upload it with its statement, and only then record it.

The order is package, statement, evidence. A kill between two of them leaves assets without
evidence. The next run makes the same bytes, finds the assets and continues. A purchase whose
outputs are lost is refunded if `delivery_missing` is refundable in config/reasons.yml.
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
from platform.publish.artifact import Artifact, Unavailable, promised, write_artifact
from platform.publish.select import Purchase, evidence_key, is_paid
from platform.publish.shelf import Shelf
from platform.publish.statement import PAYLOAD_TYPE, envelope_in, is_about, statement
from platform.signing import dsse
from platform.signing.keys import SigningKey

DELIVERY_MISSING = "delivery_missing"
CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class PublishTarget:
    """Where purchases go: releases whose tags begin with `prefix`.

    `key` signs the statements, if there is a key. `staging` is a directory for files during their
    upload. If `simulated`, nobody else sees the releases.
    """

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
    """A package in its release, with statement and evidence; `uri` is its address."""

    purchase: Purchase
    artifact: Artifact
    uri: str
    statement: Asset
    status: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A purchase that was not published.

    `reason` is delivery_missing or conflict, and `message` says why. `refunded_credits` were
    refunded for it.
    """

    purchase: Purchase
    message: str
    reason: str = DELIVERY_MISSING
    refunded_credits: int = 0


@dataclass(frozen=True, slots=True)
class Shop:
    """What publishing reads: contracts, reasons, run records, and the runtime directory."""

    contracts: Mapping[str, Contract]
    reasons: Reasons
    runtime_dir: Path
    record: Callable[[StepId], RunRecord | None]


def publish(
    purchase: Purchase, shop: Shop, place: PublishTarget, ledger: Ledger
) -> PublishedPackage | Missing:
    """Publish one purchase.

    A missing or conflicting purchase is returned. Errors of the store, the disk and the ledger are
    raised.
    """
    record = shop.record(purchase.step)
    try:
        sources = promised(purchase, record, shop.contracts, shop.runtime_dir)
        with _staged(place.staging, purchase) as (package, statement_file):
            artifact = write_artifact(sources, package)
            assert record is not None  # `promised` has checked it
            done = _put(purchase, record, artifact, statement_file, place)
            _post(ledger, purchase, partial(_evidence, done))
            return done
    except Unavailable as error:
        back = error.lost and not place.simulated and shop.reasons.refundable(DELIVERY_MISSING)
        return Missing(purchase, str(error),
                       refunded_credits=_refunded(purchase, ledger) if back else 0)
    except ConflictError as error:
        return Missing(purchase, str(error), CONFLICT)


def publish_all(purchases: Iterable[Purchase], shop: Shop, place: PublishTarget,
                ledger: Ledger) -> tuple[list[PublishedPackage], list[Missing]]:
    """Publish each purchase; a missing or conflicting one does not stop the others."""
    outcomes = [publish(purchase, shop, place, ledger) for purchase in purchases]
    return ([done for done in outcomes if isinstance(done, PublishedPackage)],
            [lost for lost in outcomes if isinstance(lost, Missing)])


@contextmanager
def _staged(folder: Path, purchase: Purchase) -> Iterator[tuple[Path, Path]]:
    """The paths of the package and its statement until they are in the release.

    The names belong to one purchase, so a path only ever has the same bytes.
    """
    files = folder / purchase.artifact_name, folder / purchase.statement_name
    try:
        yield files
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _put(purchase: Purchase, record: RunRecord, artifact: Artifact, statement_file: Path,
         place: PublishTarget) -> PublishedPackage:
    """Upload the package, then its statement: where a statement is, its package is too."""
    tag, title = purchase.release(place.prefix), f"Artifacts of tenant {purchase.step.tenant_id}"
    package = place.shelf.put(tag, title, artifact.path, artifact.sha256)
    payload = statement(purchase, record, artifact.sha256)
    write_atomic(statement_file, dsse.sign(PAYLOAD_TYPE, payload, place.key).as_bytes())

    def is_equivalent(asset: Asset) -> bool:
        return _is_equivalent(asset, tag, purchase, artifact.sha256, statement_file, place)

    uploaded = place.shelf.put(tag, title, statement_file, sha256_file(statement_file),
                               is_equivalent=is_equivalent)
    return PublishedPackage(purchase, artifact, package.uri, uploaded, place.status)


def _is_equivalent(asset: Asset, tag: str, purchase: Purchase, package_sha256: str,
                   statement_file: Path, place: PublishTarget) -> bool:
    """Whether an existing statement is equivalent to the new one.

    It must be about the same package of the same purchase, and have a signature of the same key if
    there is a key.
    """
    place.shelf.store.download(tag, asset, statement_file)
    try:
        envelope = envelope_in(statement_file.read_bytes())
        if place.key is not None:
            dsse.verify(envelope, place.key.public, PAYLOAD_TYPE)
    except (ValueError, CorruptError):
        return False
    return is_about(envelope, purchase, package_sha256)


def _evidence(done: PublishedPackage, _: Book) -> Post:
    """A zero-credit post. published_artifacts.csv is derived from such posts."""
    purchase, artifact = done.purchase, done.artifact
    return Post(
        evidence_key(purchase.item_key, simulated=done.status == "simulated"),
        "publish",
        purchase.step.tenant_id,
        PostType.SPEND,
        0,
        purchase.step.work_order_id,
        note=done.status,
        metadata={
            "step_id": purchase.step.step_id,
            "module_id": purchase.module_id,
            "deliverable_id": purchase.deliverable_id,
            "artifact_name": artifact.path.name,
            "sha256": artifact.sha256,
            "bytes": artifact.bytes,
            "uri": done.uri,
            "status": done.status,
            "transaction_item_id": purchase.item_id,
            "statement_sha256": done.statement.sha256,
        },
    )


def _refunded(purchase: Purchase, ledger: Ledger) -> int:
    """Refund a purchase. Returns the refunded credits."""
    return sum(post.amount_credits for post in _post(ledger, purchase, partial(_refund, purchase)))


def _refund(purchase: Purchase, book: Book) -> Post:
    """One REFUND of what is paid for the deliverable; the charge for the run is unchanged."""
    amount = book.paid(purchase.task_hash, purchase.deliverable_id) or 0
    key = keys.item(
        PostType.REFUND, purchase.task_hash, purchase.deliverable_id, purchase.refund_epoch
    )
    items = (
        Item(
            key,
            purchase.module_id,
            purchase.step.step_id,
            purchase.deliverable_id,
            PostType.REFUND,
            amount,
            purchase.task_hash,
            purchase.refund_epoch,
            note=DELIVERY_MISSING,
        ),
    )
    return Post(
        keys.refund(items),
        "refund",
        purchase.step.tenant_id,
        PostType.REFUND,
        amount,
        purchase.step.work_order_id,
        reason_code=DELIVERY_MISSING,
        note="at publishing",
        items=items,
    )


def _post(ledger: Ledger, purchase: Purchase, post: Callable[[Book], Post]) -> tuple[Post, ...]:
    """Post it if the newest book still has the purchase paid: another run may have refunded it."""
    return ledger.post(lambda book: (post(book),) if is_paid(purchase, book) else ())
