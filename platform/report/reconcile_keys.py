"""Whether a rule of the ledger makes such a post: its kind, its type, and its key. Pure.

The key must be derived from what the post is for. With another key, the same payment or the same
work could be posted twice.
"""
from collections.abc import Callable, Mapping

from platform.ledger.rules import keys
from platform.model.entry import ADJUSTMENT, TRANSFER, Post, PostType
from platform.model.reference import normalised

_TYPES = {
    "charge": PostType.SPEND,
    "refund": PostType.REFUND,
    "topup": PostType.TOPUP,
    "payment": PostType.TOPUP,
    "promotion": PostType.TOPUP,
    ADJUSTMENT: PostType.ADJUSTMENT,
    TRANSFER: PostType.ADJUSTMENT,
}
_WITHOUT_ITEMS = (PostType.TOPUP, PostType.ADJUSTMENT)


def objection(post: Post) -> str:
    """Why no rule makes such a post, or an empty string. Posts without credits are not checked."""
    if not post.amount_credits:
        return ""
    if _TYPES.get(post.kind) is not post.type:
        return f"no rule posts a {post.type} of kind {post.kind}"
    if bool(post.items) is (post.type in _WITHOUT_ITEMS):
        return (f"has items, but {_a(post.kind)} has no items" if post.items
                else "has credits but no items")
    if post.key not in (_RIGHT[post.kind](post), _as_typed(post)):
        return f"its key is not that of such {_a(post.kind)}: it may repeat another post"
    wrong = next((item for item in post.items if item.key != keys.item(
        item.type, item.task_hash, item.deliverable_id, item.refund_epoch)), None)
    return f"the key of its item {wrong.key} is not that of such an item" if wrong else ""


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _as_typed(post: Post) -> str:
    """The key of earlier versions, which did not normalise references."""
    if post.kind != "topup":
        return ""
    return keys.topup(post.tenant_id, _said(post, "topup_method_id"), _said(post, "reference"))


def _said(post: Post, name: str) -> str:
    return str(post.metadata.get(name, ""))


_RIGHT: Mapping[str, Callable[[Post], str]] = {
    "charge": lambda post: keys.charge(post.items),
    "refund": lambda post: keys.refund(post.items),
    "topup": lambda post: keys.topup(
        post.tenant_id, _said(post, "topup_method_id"), normalised(_said(post, "reference"))
    ),
    "payment": lambda post: keys.payment(_said(post, "payment_id")),
    ADJUSTMENT: lambda post: keys.adjustment(post.tenant_id, normalised(_said(post, "reference"))),
    TRANSFER: lambda post: keys.transfer(post.tenant_id, normalised(_said(post, "reference"))),
    "promotion": lambda post: keys.promotion(
        post.tenant_id, _said(post, "promo_code"), post.work_order_id
    ),
}
