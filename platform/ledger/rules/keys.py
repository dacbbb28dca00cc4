"""Idempotency keys: what a post is for, never when it was made. The same key twice is one post.

Keys hold no text that people write (that is digested), so they need no quoting anywhere.
"""
from collections.abc import Iterable, Mapping

from platform.model.digest import digest_of
from platform.model.entry import Item, PostType
from platform.model.ids import OrderId


def item(type_: PostType, task_hash: str, deliverable_id: str, refund_epoch: int) -> str:
    """The key of one item of one piece of work. `refund_epoch` counts how often it was refunded
    before."""
    return f"{type_}:{task_hash}:{deliverable_id}:{refund_epoch}"


def charge(items: Iterable[Item]) -> str:
    """The key of a SPEND with these items."""
    return "charge:" + digest_of(sorted(item.key for item in items))


def refund(items: Iterable[Item]) -> str:
    """The key of a REFUND of these items."""
    return "refund:" + digest_of(sorted(item.key for item in items))


def refusal(items: Iterable[Item], reason: str) -> str:
    """The key of a refusal, by items and their prices: one row, however often the same refusal
    happens."""
    return f"refusal:{reason}:" + digest_of(
        sorted([item.key, item.amount_credits] for item in items)
    )


def completion(order: OrderId, done: Mapping[str, int], held: Mapping[str, int]) -> str:
    """The key of what is known about an order's tasks: refund epochs by task hash."""
    return "completion:" + digest_of([*order, done, held])


def evidence(task_hash: str, refund_epoch: int, sha256: str) -> str:
    """The key of the evidence of a delivery. After a repair the delivered bytes may differ, and
    that is other evidence."""
    return f"evidence:{task_hash}:{refund_epoch}:{sha256}"


def claim(task_hash: str, refund_epoch: int, attempt: int) -> str:
    """The key of one attempt at a delivery, counted from 1. Two runners that want the same attempt
    meet in it."""
    return f"claim:{task_hash}:{refund_epoch}:{attempt}"


def void(task_hash: str, refund_epoch: int, attempt: int) -> str:
    """The key of the post that voids an attempt."""
    return f"void:{task_hash}:{refund_epoch}:{attempt}"


def decision(task_hash: str, refund_epoch: int, attempt: int, about: str = "") -> str:
    """The key of a person's decision after so many attempts. `about` is the package of a repair
    that waits."""
    return f"decision:{task_hash}:{refund_epoch}:{attempt}" + (f":{about}" if about else "")


def topup(tenant_id: str, topup_method_id: str, reference: str) -> str:
    """The key of a top-up. `reference` is normalised."""
    return "topup:" + digest_of([tenant_id, topup_method_id, reference])


def adjustment(tenant_id: str, reference: str) -> str:
    """The key of an adjustment. `reference` is normalised."""
    return "adjustment:" + digest_of([tenant_id, reference])


def transfer(from_tenant_id: str, reference: str) -> str:
    """The key of a transfer. `reference` is normalised."""
    return "transfer:" + digest_of([from_tenant_id, reference])


def loss(metadata: Mapping[str, object]) -> str:
    """The key of an accepted loss."""
    return "loss:" + digest_of(metadata)


def payment(payment_id: str) -> str:
    """The key of a confirmed payment."""
    return "payment:" + digest_of(payment_id)


def promotion(tenant_id: str, promo_code: str, work_order_id: str) -> str:
    """The key of a grant. An order redeems a code once; the book counts a tenant's uses."""
    return "promotion:" + digest_of([tenant_id, promo_code, work_order_id])
