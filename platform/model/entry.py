"""Ledger entries: what is posted. One Post is one line of the journal, so a post of many rows is atomic.

Amounts are signed: TOPUP and REFUND add, SPEND takes, ADJUSTMENT does either. A balance is the sum
of its tenant's posts. A transfer is one post with two sides, so that it is atomic like any other:
its own tenant's side is taken, and the same credits are given to `metadata["to_tenant_id"]`.

They are msgspec's structs: frozen, small and quick to make, and the types here are what a line of the journal is held
to when it is decoded.
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
    """One row of transaction_items.csv; `key` is its idempotency key, its id is derived from it."""

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
    """One transaction with its items. `kind` says which rule made it: topup, payment, promotion, charge, refusal,
    refund, evidence, claim, void, decision, publish, adjustment, transfer. The time is not part of it: a replay is
    the same post at another time."""

    key: str
    kind: str
    tenant_id: str
    type: PostType
    amount_credits: int  # signed; the sum of the items where there are items
    work_order_id: str = ""
    reason_code: str = ""
    note: str = ""
    items: tuple[Item, ...] = ()
    metadata: dict[str, Any] = {}  # promo_code, method, reference, payment_id, ...


ADJUSTMENT, TRANSFER = "adjustment", "transfer"  # the kinds of type ADJUSTMENT
LOSS = "loss"  # of no tenant: somebody goes on without posts that are lost


class Side(NamedTuple):
    """What a post moves for one tenant; `key` is that of the tenant's row in transactions.csv."""

    key: str
    tenant_id: str
    amount_credits: int  # signed


def sides(post: Post) -> tuple[Side, ...]:
    """The one side of a post, or the two of a transfer: they add up to nothing."""
    own = Side(post.key, post.tenant_id, post.amount_credits)
    return (own, received(post)) if post.kind == TRANSFER else (own,)


def received(post: Post) -> Side:
    """The other tenant's side of a transfer."""
    return Side(f"{post.key}:to", str(post.metadata["to_tenant_id"]), -post.amount_credits)


def may_owe(post: Post) -> bool:
    """Whether a post may take a balance below zero: an adjustment that says so."""
    return post.type is PostType.ADJUSTMENT and post.metadata.get("allow_debt") is True
