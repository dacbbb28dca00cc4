"""Whether a post is one that a rule of ours makes: its kind, its type, and the key that follows from what it is for.

A key of another form would let the same payment, or the same work, be posted a second time. Pure.
"""
from collections.abc import Callable, Mapping

from platform.ledger.rules import keys
from platform.model.entry import ADJUSTMENT, TRANSFER, Post, PostType
from platform.model.reference import normalised

_TYPES = {"charge": PostType.SPEND, "refund": PostType.REFUND, "topup": PostType.TOPUP, "payment": PostType.TOPUP,
          "promotion": PostType.TOPUP, ADJUSTMENT: PostType.ADJUSTMENT, TRANSFER: PostType.ADJUSTMENT}
_WITHOUT_ITEMS = (PostType.TOPUP, PostType.ADJUSTMENT)


def objection(post: Post) -> str:
    """Why no rule makes such a post, or nothing. Posts that move no credits are no amounts, whatever they say."""
    if not post.amount_credits:
        return ""
    if _TYPES.get(post.kind) is not post.type:
        return f"no rule posts a {post.type} of kind {post.kind}"
    if bool(post.items) is (post.type in _WITHOUT_ITEMS):
        return f"has items, and {_a(post.kind)} has none" if post.items else "has credits and no items"
    if post.key not in (_RIGHT[post.kind](post), _as_typed(post)):
        return f"its key is not that of such {_a(post.kind)}: it may stand for another post a second time"
    wrong = next((item for item in post.items if item.key != keys.item(
        item.type, item.task_hash, item.deliverable_id, item.refund_epoch)), None)
    return f"the key of its item {wrong.key} is not that of such an item" if wrong else ""


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _as_typed(post: Post) -> str:
    """The key that earlier versions made of a reference as it was typed; a reference has one form now."""
    if post.kind != "topup":
        return ""
    return keys.topup(post.tenant_id, _said(post, "topup_method_id"), _said(post, "reference"))


def _said(post: Post, name: str) -> str:
    return str(post.metadata.get(name, ""))


_RIGHT: Mapping[str, Callable[[Post], str]] = {
    "charge": lambda post: keys.charge(post.items),
    "refund": lambda post: keys.refund(post.items),
    "topup": lambda post: keys.topup(post.tenant_id, _said(post, "topup_method_id"),
                                     normalised(_said(post, "reference"))),
    "payment": lambda post: keys.payment(_said(post, "payment_id")),
    ADJUSTMENT: lambda post: keys.adjustment(post.tenant_id, normalised(_said(post, "reference"))),
    TRANSFER: lambda post: keys.transfer(post.tenant_id, normalised(_said(post, "reference"))),
    "promotion": lambda post: keys.promotion(post.tenant_id, _said(post, "promo_code"), post.work_order_id),
}
