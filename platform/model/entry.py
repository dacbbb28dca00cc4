"""Ledger entries. One Post is one line of the journal, so a post of many rows is atomic.

Amounts are signed integers in credits: TOPUP and REFUND add, SPEND subtracts, ADJUSTMENT does
either. A balance is the sum of the tenant's posts. A transfer is one post with two sides, so it is
atomic too: it subtracts from its own tenant and adds the same amount to
`metadata["to_tenant_id"]`.

The classes are msgspec structs: frozen, small and fast to create. Decoding a journal line checks it
against the types here.
"""
from enum import StrEnum
from typing import Any, NamedTuple

from msgspec import Struct


class PostType(StrEnum):
    TOPUP = "TOPUP"
    SPEND = "SPEND"
    REFUND = "REFUND"
    ADJUSTMENT = "ADJUSTMENT"


class Item(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row of transaction_items.csv. Its id is derived from `key`, its idempotency key."""

    key: str
    module_id: str
    step_id: str
    deliverable_id: str
    type: PostType
    amount_credits: int  # signed
    task_hash: str
    refund_epoch: int
    note: str = ""
    metadata: dict[str, Any] = {}


class Post(Struct, frozen=True, gc=False, array_like=True):
    """One transaction with its items.

    `kind` names the rule that produced it: topup, payment, promotion, charge, refusal, refund,
    evidence, claim, void, decision, publish, adjustment, transfer. A post has no time, because a
    replay is the same post at another time."""

    key: str
    kind: str
    tenant_id: str
    type: PostType
    amount_credits: int  # signed; the sum of the items, if there are any
    work_order_id: str = ""
    reason_code: str = ""
    note: str = ""
    items: tuple[Item, ...] = ()
    metadata: dict[str, Any] = {}  # promo_code, method, reference, payment_id, ...


ADJUSTMENT, TRANSFER = "adjustment", "transfer"  # the kinds of type ADJUSTMENT
LOSS = "loss"  # belongs to no tenant: someone accepted that posts are lost


class Side(NamedTuple):
    """What a post changes for one tenant. `key` is the key of the tenant's row in
    transactions.csv."""

    key: str
    tenant_id: str
    amount_credits: int  # signed


def sides(post: Post) -> tuple[Side, ...]:
    """The side of a post, or the two sides of a transfer, which add up to zero."""
    own = Side(post.key, post.tenant_id, post.amount_credits)
    return (own, received(post)) if post.kind == TRANSFER else (own,)


def received(post: Post) -> Side:
    """The other tenant's side of a transfer."""
    return Side(f"{post.key}:to", str(post.metadata["to_tenant_id"]), -post.amount_credits)


def may_owe(post: Post) -> bool:
    """Whether a post may make a balance negative: only an adjustment with `allow_debt` may."""
    return post.type is PostType.ADJUSTMENT and post.metadata.get("allow_debt") is True
