"""Rows of the bill as values: the items posted for an order's steps, from the journal. Pure."""
from collections.abc import Iterable
from dataclasses import dataclass

from platform.ledger.journal.record import Record
from platform.model.digest import derived_id
from platform.model.entry import Item, PostType
from platform.model.ids import DELIVERY_EVIDENCE, OrderId


@dataclass(frozen=True, slots=True)
class Posted:
    """One row of transaction_items.csv.

    The amount is signed: a SPEND is negative. `posted_at` is UTC, ISO 8601, with Z.
    """

    transaction_item_id: str
    transaction_id: str
    posted_at: str
    type: str
    step_id: str
    module_id: str
    deliverable_id: str
    amount_credits: int
    task_hash: str
    refund_epoch: int
    note: str


def posted(record: Record, item: Item) -> Posted:
    """An item of a record as a row."""
    return Posted(
        derived_id(item.key),
        derived_id(record.post.key),
        record.ts,
        item.type.value,
        item.step_id,
        item.module_id,
        item.deliverable_id,
        item.amount_credits,
        item.task_hash,
        item.refund_epoch,
        item.note,
    )


def items_of(records: Iterable[Record], order: OrderId) -> tuple[Posted, ...]:
    """All charges and refunds of an order, in the order of the posts, without evidence."""
    return tuple(posted(record, item) for record in records
                 if (record.post.tenant_id, record.post.work_order_id) == order
                 for item in record.post.items if item.deliverable_id != DELIVERY_EVIDENCE)


def is_spend(row: Posted) -> bool:
    return row.type == PostType.SPEND
