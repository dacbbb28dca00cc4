"""The REFUND of items that were paid, for settlements and for decisions alike. Pure."""
from collections.abc import Sequence

from platform.ledger.rules import keys
from platform.model.entry import Item, Post, PostType
from platform.model.ids import OrderId


def refund_item(item: Item, reason: str) -> Item:
    """The item that gives a charged `item` back, in credits of the opposite sign. `reason` is its
    note."""
    return Item(
        keys.item(PostType.REFUND, item.task_hash, item.deliverable_id, item.refund_epoch),
        item.module_id,
        item.step_id,
        item.deliverable_id,
        PostType.REFUND,
        -item.amount_credits,
        item.task_hash,
        item.refund_epoch,
        note=reason,
    )


def refund_post(
    order: OrderId, items: Sequence[Item], reason_code: str, words: str = ""
) -> Post:
    """One REFUND of an order's refund items, at least one. `words` are added to its note."""
    steps = len({item.step_id for item in items})
    return Post(
        keys.refund(items),
        "refund",
        order.tenant_id,
        PostType.REFUND,
        sum(item.amount_credits for item in items),
        order.work_order_id,
        reason_code=reason_code,
        note=f"{steps} step{'' if steps == 1 else 's'}" + (f"; {words}" if words else ""),
        items=tuple(items),
    )
