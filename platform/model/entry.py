"""Ledger entries: what is posted. One Post is one line of the journal, so a post of many rows is atomic.

Amounts are signed: TOPUP and REFUND add, SPEND takes. A balance is the sum of its tenant's posts.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class PostType(StrEnum):
    TOPUP = "TOPUP"
    SPEND = "SPEND"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class Item:
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
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Post:
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
    metadata: Mapping[str, Any] = field(default_factory=dict)  # promo_code, method, reference, payment_id, ...
