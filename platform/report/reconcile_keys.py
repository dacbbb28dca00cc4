"""Whether a post is one that a rule of ours makes: its kind, its type, and the key that follows from what it is for.

A key of another form would let the same payment, or the same work, be posted a second time. Pure.
"""
from collections.abc import Callable, Mapping

from platform.ledger import keys
from platform.model.entry import Post, PostType

_TYPES = {"charge": PostType.SPEND, "refund": PostType.REFUND, "topup": PostType.TOPUP, "payment": PostType.TOPUP,
          "promotion": PostType.TOPUP}


def objection(post: Post) -> str:
    """Why no rule makes such a post, or nothing. Posts that move no credits are no amounts, whatever they say."""
    if not post.amount_credits:
        return ""
    if _TYPES.get(post.kind) is not post.type:
        return f"no rule posts a {post.type} of kind {post.kind}"
    if bool(post.items) is (post.type is PostType.TOPUP):
        return "has items, and a top-up has none" if post.items else "has credits and no items"
    if post.key != _RIGHT[post.kind](post):
        return f"its key is not that of such a {post.kind}: it may stand for another post a second time"
    wrong = next((item for item in post.items if item.key != keys.item(
        item.type, item.task_hash, item.deliverable_id, item.refund_epoch)), None)
    return f"the key of its item {wrong.key} is not that of such an item" if wrong else ""


def _said(post: Post, name: str) -> str:
    return str(post.metadata.get(name, ""))


_RIGHT: Mapping[str, Callable[[Post], str]] = {
    "charge": lambda post: keys.charge(post.items),
    "refund": lambda post: keys.refund(post.items),
    "topup": lambda post: keys.topup(post.tenant_id, _said(post, "topup_method_id"), _said(post, "reference")),
    "payment": lambda post: keys.payment(_said(post, "payment_id")),
    "promotion": lambda post: keys.promotion(post.tenant_id, _said(post, "promo_code"), post.work_order_id),
}
