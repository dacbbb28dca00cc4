"""Idempotency keys: what a post is for, never when it was made. The same key twice is one post.

Keys hold no text that people write (that is digested), so they need no quoting anywhere.
"""
from collections.abc import Iterable, Mapping

from platform.model.digest import digest_of
from platform.model.entry import Item, PostType
from platform.model.ids import OrderId


def item(type_: PostType, task_hash: str, deliverable_id: str, refund_epoch: int) -> str:
    """One item of one distinct piece of work; the epoch counts how often it was refunded before."""
    return f"{type_}:{task_hash}:{deliverable_id}:{refund_epoch}"


def charge(items: Iterable[Item]) -> str:
    return "charge:" + digest_of(sorted(item.key for item in items))


def refund(items: Iterable[Item]) -> str:
    return "refund:" + digest_of(sorted(item.key for item in items))


def refusal(items: Iterable[Item], reason: str) -> str:
    """Of what was refused at what price: the same refusal is one row however often it is met."""
    return f"refusal:{reason}:" + digest_of(sorted([item.key, item.amount_credits] for item in items))


def completion(order: OrderId, done: Mapping[str, int], held: Mapping[str, int]) -> str:
    return "completion:" + digest_of([*order, done, held])


def evidence(task_hash: str, refund_epoch: int, sha256: str) -> str:
    """Of a delivery and of what was delivered: after a repair other bytes may lie there, and that is other evidence."""
    return f"evidence:{task_hash}:{refund_epoch}:{sha256}"


def claim(task_hash: str, refund_epoch: int, attempt: int) -> str:
    """Of one attempt at a delivery, counted from 1: two runners that want the same attempt meet in this key."""
    return f"claim:{task_hash}:{refund_epoch}:{attempt}"


def void(task_hash: str, refund_epoch: int, attempt: int) -> str:
    return f"void:{task_hash}:{refund_epoch}:{attempt}"


def decision(task_hash: str, refund_epoch: int, attempt: int, about: str = "") -> str:
    """Of a person, after so many attempts; `about` is the package of a repair that waits."""
    return f"decision:{task_hash}:{refund_epoch}:{attempt}" + (f":{about}" if about else "")


def topup(tenant_id: str, topup_method_id: str, reference: str) -> str:
    return "topup:" + digest_of([tenant_id, topup_method_id, reference])


def adjustment(tenant_id: str, reference: str) -> str:
    return "adjustment:" + digest_of([tenant_id, reference])


def transfer(from_tenant_id: str, reference: str) -> str:
    return "transfer:" + digest_of([from_tenant_id, reference])


def loss(metadata: Mapping[str, object]) -> str:
    return "loss:" + digest_of(metadata)


def payment(payment_id: str) -> str:
    return "payment:" + digest_of(payment_id)


def promotion(tenant_id: str, promo_code: str, work_order_id: str) -> str:
    """An order redeems a code once; the book counts a tenant's uses."""
    return "promotion:" + digest_of([tenant_id, promo_code, work_order_id])
