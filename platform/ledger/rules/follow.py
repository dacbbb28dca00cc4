"""Why a post cannot follow the posts before it. Pure.

`form` judges a post by itself; this file compares it with what was posted before.
"""
from typing import Protocol

from platform.ledger.rules.form import adjustment_objection, loss_objection, wrong_sign
from platform.ledger.rules.tables import Kept, State
from platform.model.entry import ADJUSTMENT, LOSS, TRANSFER, Item, Post, PostType
from platform.model.ids import DELIVERY_EVIDENCE

_SPEND = PostType.SPEND  # to look it up in the enum takes as long as an addition of balances
_ADJUSTMENT = PostType.ADJUSTMENT


class PostedBefore(Protocol):
    """What a book knows of earlier posts."""

    def state(self, task: bytes, deliverable_id: str) -> State:
        """The state of an item; `task` is the short digest of its task hash."""

    def uses(self, tenant_id: str, promo_code: str) -> int:
        """The number of times that a tenant was granted a promotion."""


def follow_objection(book: PostedBefore, post: Post, kept: Kept) -> str:
    """Why a post cannot follow the posts in the book, or nothing. Balances: see `covers`."""
    if post.kind == LOSS and (words := loss_objection(post)):
        return words
    if post.type is _ADJUSTMENT or post.kind in (ADJUSTMENT, TRANSFER):
        return adjustment_objection(post)
    if post.amount_credits and (post.amount_credits < 0) is not (post.type is _SPEND):
        return wrong_sign(post, post.amount_credits)
    if post.items:
        return _items_objection(book, post, kept)
    return _promotion_objection(book, post) if post.kind == "promotion" else ""


def _items_objection(book: PostedBefore, post: Post, kept: Kept) -> str:
    if sum([item.amount_credits for item in post.items]) != post.amount_credits:
        return f"the items of {post.key} do not add up to {post.amount_credits} credits"
    spend, seen = post.type is _SPEND, set()
    for item, task in zip(post.items, kept.tasks, strict=True):
        if item.amount_credits and (item.amount_credits < 0) is not spend:
            return wrong_sign(post, item.amount_credits)
        if item.deliverable_id != DELIVERY_EVIDENCE:
            if (task, item.deliverable_id) in seen:
                return f"{post.key} has an item twice"
            seen.add((task, item.deliverable_id))
            if words := _item_objection(book, post, item, task):
                return words
    return ""


def _promotion_objection(book: PostedBefore, post: Post) -> str:
    """Two clones may both grant the last use. Earlier versions posted no limit."""
    code, most = str(post.metadata["promo_code"]), post.metadata.get("max_uses_per_tenant")
    used = book.uses(post.tenant_id, code)
    if most is None or used < most:
        return ""
    return f"{post.tenant_id} has used this promotion {used} times, and {most} are all"


def _item_objection(book: PostedBefore, post: Post, item: Item, task: bytes) -> str:
    _, epoch, amount = book.state(task, item.deliverable_id)
    spend = item.type is _SPEND
    if item.type is not post.type or item.refund_epoch != epoch or (amount is None) != spend:
        return f"{item.key} does not follow what was posted for it before"
    if not spend and item.amount_credits != amount:
        return f"{item.key} refunds {item.amount_credits} credits of {amount}"
    return ""
