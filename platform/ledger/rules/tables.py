"""The values of which a book consists. They are small, because there are as many as posts. Pure."""
import hashlib
from enum import IntEnum
from typing import NamedTuple

from msgspec import Struct

from platform.ledger.rules.body import body_of
from platform.model.digest import canonical_json, digest
from platform.model.entry import Item, Post
from platform.model.ids import OrderId

SHORT = 15  # bytes
_MARK = (1 << 60) - 1  # what fits the smallest int that holds so much


class Account(Struct, frozen=True, gc=False):
    """A tenant's credits, and the time of its last post."""

    balance_credits: int
    updated_at: str


class State(NamedTuple):
    """One item of a task. `paid_credits` is None while the item is not paid."""

    deliverable_id: str
    refund_epoch: int
    paid_credits: int | None


class Fact(IntEnum):
    """What is known permanently about a task at a refund epoch; no later record changes it.

    DONE: the task delivered what was paid for, and nothing of it is ever refunded. HELD: it failed
    for a reason that keeps its charge, or its outcome is not known, as while a delivery is claimed;
    only its own certain failure refunds the charge. RETURNED: a person's decision refunded it; it
    is not bought again until a person asks for that.
    """

    HELD = 1
    DONE = 2
    RETURNED = 3


States = tuple[State, ...]  # of all items of a task
Facts = tuple[tuple[int, Fact], ...]  # of a task's run, by refund epoch


class Tables(NamedTuple):
    """Everything that a book contains: what a snapshot stores. Digests are `short`; posts are as in
    `kept_of`."""

    posts: dict[bytes, int]  # marks by digest of the key
    accounts: dict[str, Account]  # by tenant, in the order of their first post
    tasks: dict[bytes, States]  # by digest of the task hash
    uses: dict[tuple[str, str], int]  # promotions by (tenant, code)
    facts: dict[bytes, Facts]  # by digest of the task hash
    # SPEND items that stand paid and are not done, by key
    open: dict[OrderId, dict[str, Item | None]]


class Kept(Struct, frozen=True, gc=False, array_like=True):
    """What a book keeps of a post, equal in every process, so that a snapshot can store it.

    If somebody constructed two bodies with one mark, the second would count as a replay of the
    first, and nothing would be posted.
    """

    key: bytes  # `short`
    mark: int  # 60 bits of tenant, kind and body, to compare by
    tasks: tuple[bytes, ...]  # `short` of its items' task hashes


def kept_of(post: Post, body: bytes | None = None) -> Kept:
    """What a book keeps of a post. `body` is the post's JSON, when it is known."""
    if body is None:
        body = canonical_json(body_of(post))
    return Kept(short(post.key), mark(post.tenant_id, post.kind, body),
                tuple([short(item.task_hash) for item in post.items]))


def mark(tenant_id: str, kind: str, body: bytes) -> int:
    """60 bits of a digest of a post's tenant, kind and body (its JSON), to compare posts by."""
    whole = f"{tenant_id},{kind},".encode() + body
    return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest()) & _MARK


def short(text: str) -> bytes:
    """120 bits of SHA-256, as many as a row's id has."""
    return digest(text)[:SHORT]
