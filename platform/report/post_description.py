"""Describe posts and items in words. Pure."""
from collections import defaultdict
from collections.abc import Mapping

from platform.model.entry import ADJUSTMENT, LOSS, TRANSFER, Item, Post, PostType
from platform.model.ids import DELIVERY_EVIDENCE, RUN_CHARGE
from platform.model.words import in_credits


def describe_post(post: Post, tenant_id: str = "") -> str:
    """What a post is for, without its amount and note.

    `tenant_id` is the reader, one of a transfer's two tenants.
    """
    about = defaultdict(str, {name: str(value) for name, value in post.metadata.items()})
    order = post.work_order_id
    if post.kind == "payment":
        return (
            f"Payment {about['payment_id']} by {about['topup_method_id']}, reference "
            f"{about['reference']}"
        )
    if post.kind == "topup":
        return f"Top-up by {about['topup_method_id']}, reference {about['reference']}"
    if post.kind == "promotion":
        return f"Promotion {about['promo_code']} granted to order {order}"
    if post.kind == ADJUSTMENT:
        return f"Adjustment {post.reason_code}, reference {about['reference']}{_corrects(about)}"
    if post.kind == TRANSFER:
        other = (f"from {post.tenant_id}" if tenant_id == about["to_tenant_id"]
                 else f"to {about['to_tenant_id']}")
        return (f"Transfer {other}: {post.reason_code}, reference {about['reference']}"
                f"{_corrects(about)}")
    if post.kind == LOSS:
        return "Loss of posts accepted"
    if post.kind == "charge":
        return f"Order {order} charged"
    if post.kind == "refusal":
        needed = post.metadata.get("needed_credits")
        return f"Order {order} was not started: {post.reason_code}" + (
            f", {in_credits(needed)} needed" if isinstance(needed, int) and needed else "")
    if post.kind == "refund":
        return f"Order {order} refunded: {post.reason_code}"
    if post.kind == "evidence":
        return f"Order {order} delivered by step {', '.join(item.step_id for item in post.items)}"
    if post.kind == "decision":
        return (
            f"Delivery by step {about['step_id']} of order {order} settled: {about['decision']}, "
            f"by {about['by']}"
        )
    if post.kind == "publish":
        return (
            f"Deliverable {about['deliverable_id']} of step {about['step_id']} of order {order} "
            f"{about['status']}"
        )
    return f"{post.kind.capitalize()} {order}".rstrip()


def _corrects(about: Mapping[str, str]) -> str:
    approved = f", approved by {about['approved_by']}" if about.get("approved_by") else ""
    return (
        f", corrects transaction {about['corrects']}" if about.get("corrects") else ""
    ) + approved


def describe_item(item: Item) -> str:
    """What an item of a post is for."""
    if item.deliverable_id == DELIVERY_EVIDENCE:
        return f"Evidence of the delivery by step {item.step_id}"
    what = "run" if item.deliverable_id == RUN_CHARGE else f"deliverable {item.deliverable_id}"
    back = " refunded" if item.type is PostType.REFUND else ""
    return f"Step {item.step_id}, {what}{back}"
