"""Ledger entries: what is posted. One Post is one line of the journal, so a post of many rows is atomic.

Amounts are signed: TOPUP and REFUND add, SPEND takes. A balance is the sum of its tenant's posts.

They are msgspec's structs: frozen, small and quick to make, and the types here are what a line of the journal is held
to when it is decoded.
"""
from enum import StrEnum
from typing import Any

from msgspec import Struct


class PostType(StrEnum):
    TOPUP = "TOPUP"
    SPEND = "SPEND"
    REFUND = "REFUND"


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
    refund, evidence, publish. The time is not part of it: a replay is the same post at another time."""

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
