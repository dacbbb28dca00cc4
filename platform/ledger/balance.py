"""The book: what the journal's posts add up to. Pure; replaying the posts gives the same book everywhere.

Of a post it keeps a digest, to tell a replay from a conflict; of an item its epoch and, while it stands paid, its
amount. Balances are sums, never numbers that somebody set.
"""
import hashlib
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from platform.errors import CorruptError
from platform.model.digest import canonical_json
from platform.model.entry import Item, Post, PostType
from platform.model.ids import DELIVERY_EVIDENCE


class Answer(Enum):
    """What the book says to a post: not known, known and the same, known with another body."""

    NEW = "new"
    SAME = "same"
    DIFFERENT = "different"


def body_of(post: Post) -> dict[str, Any]:
    """A post's body as JSON: what a replay must equal. Key, kind and tenant stand beside it in the journal."""
    return {
        "type": post.type.value, "amount_credits": post.amount_credits, "work_order_id": post.work_order_id,
        "reason_code": post.reason_code, "note": post.note, "metadata": dict(post.metadata),
        "items": [{"key": item.key, "module_id": item.module_id, "step_id": item.step_id,
                   "deliverable_id": item.deliverable_id, "type": item.type.value,
                   "amount_credits": item.amount_credits, "task_hash": item.task_hash,
                   "refund_epoch": item.refund_epoch, "note": item.note, "metadata": dict(item.metadata)}
                  for item in post.items],
    }


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """The first field in which two bodies differ, with both values; metadata by its own fields."""
    for field in old:
        if old[field] != new.get(field):
            if field == "metadata":
                inside = sorted({*old[field], *new[field]})
                name = next(name for name in inside if old[field].get(name) != new[field].get(name))
                return name, old[field].get(name), new[field].get(name)
            return field, old[field], new.get(field)
    raise ValueError("the bodies are equal")


class Book:
    """`seq` counts the posts applied; whoever remembers an answer remembers the seq it was given at."""

    def __init__(self) -> None:
        self.seq = 0
        self._posts: dict[str, bytes] = {}  # key -> digest of tenant and body
        self._balances: dict[str, int] = {}
        self._items: dict[tuple[str, str], tuple[int, int | None]] = {}  # (epoch, amount while paid)
        self._uses: dict[tuple[str, str], int] = {}  # promotions by (tenant, code)

    def balance(self, tenant_id: str) -> int:
        """Credits of a tenant: the sum of its posts."""
        return self._balances.get(tenant_id, 0)

    def balances(self) -> dict[str, int]:
        """Credits by tenant, in the order of their first post."""
        return dict(self._balances)

    def epoch(self, task_hash: str, deliverable_id: str) -> int:
        """How often this item was refunded."""
        return self._items.get((task_hash, deliverable_id), (0, None))[0]

    def paid(self, task_hash: str, deliverable_id: str) -> int | None:
        """What was paid for this item at its current epoch, in credits (0 counts as paid); None when it is not."""
        return self._items.get((task_hash, deliverable_id), (0, None))[1]

    def has(self, key: str) -> bool:
        return key in self._posts

    def uses(self, tenant_id: str, promo_code: str) -> int:
        """How often a tenant was granted a promotion."""
        return self._uses.get((tenant_id, promo_code), 0)

    def compare(self, post: Post) -> Answer:
        """Whether a post is new, a replay, or a conflict. Time is no part of it."""
        known = self._posts.get(post.key)
        if known is None:
            return Answer.NEW
        return Answer.SAME if known == _digest(post) else Answer.DIFFERENT

    def apply(self, post: Post) -> None:
        """Add a post. CorruptError when the rules that every writer keeps were not: such a journal is not ours."""
        if post.key in self._posts:
            raise CorruptError(f"key {post.key} is posted twice")
        if post.items and sum(item.amount_credits for item in post.items) != post.amount_credits:
            raise CorruptError(f"the items of {post.key} do not add up to {post.amount_credits} credits")
        balance = self.balance(post.tenant_id) + post.amount_credits
        if balance < 0:
            raise CorruptError(f"{post.key} takes the balance of {post.tenant_id} below zero")
        for item in post.items:
            if item.deliverable_id != DELIVERY_EVIDENCE:
                self._apply_item(item)
        self._posts[post.key] = _digest(post)
        self._balances[post.tenant_id] = balance
        if post.kind == "promotion":
            used = (post.tenant_id, str(post.metadata["promo_code"]))
            self._uses[used] = self._uses.get(used, 0) + 1
        self.seq += 1

    def _apply_item(self, item: Item) -> None:
        name = (item.task_hash, item.deliverable_id)
        epoch, amount = self._items.get(name, (0, None))
        spend = item.type is PostType.SPEND
        if item.refund_epoch != epoch or (amount is None) != spend:
            raise CorruptError(f"{item.key} does not follow what was posted for it before")
        if not spend and item.amount_credits != amount:
            raise CorruptError(f"{item.key} refunds {item.amount_credits} credits of {amount}")
        self._items[name] = (epoch, -item.amount_credits) if spend else (epoch + 1, None)


def replay(posts: Iterable[Post]) -> Book:
    """The book of a whole history."""
    book = Book()
    for post in posts:
        book.apply(post)
    return book


def _digest(post: Post) -> bytes:
    return hashlib.sha256(canonical_json([post.tenant_id, post.kind, body_of(post)])).digest()
