"""What a book is made of: small things, for there are as many as posts. Pure."""
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
    """One item of a task; `paid_credits` is None while nothing stands paid."""

    deliverable_id: str
    refund_epoch: int
    paid_credits: int | None


class Fact(IntEnum):
    """What is known for good about a task at a refund epoch, whatever a later record says. A task that is DONE gave
    what was paid for: nothing of it is ever refunded. One that is HELD failed for a reason that keeps its charge, or
    nobody can tell, as while a delivery is claimed: only its own certain failure gives the charge back. One that is
    RETURNED was given back by a person's decision: it is not bought again until a person asks for it."""

    HELD = 1
    DONE = 2
    RETURNED = 3


States = tuple[State, ...]  # of all items of a task
Facts = tuple[tuple[int, Fact], ...]  # of a task's run, by refund epoch


class Tables(NamedTuple):
    """All that a book holds: what a snapshot keeps. Digests are `short`; posts are as `kept_of` has them."""

    posts: dict[bytes, int]  # marks by digest of the key
    accounts: dict[str, Account]  # by tenant, in the order of their first post
    tasks: dict[bytes, States]  # by digest of the task hash
    uses: dict[tuple[str, str], int]  # promotions by (tenant, code)
    facts: dict[bytes, Facts]  # by digest of the task hash
    open: dict[OrderId, dict[str, Item | None]]  # SPEND items that stand paid and are not done, by key


class Kept(Struct, frozen=True, gc=False, array_like=True):
    """What a book keeps of a post, the same in every process: a snapshot has it. Who made two bodies with one mark
    would have the second taken for a replay of the first, and nothing posted."""

    key: bytes  # `short`
    mark: int  # 60 bits of tenant, kind and body, to compare by
    tasks: tuple[bytes, ...]  # `short` of its items' task hashes


def kept_of(post: Post, body: bytes | None = None) -> Kept:
    """`body` is the post's JSON, when it is known."""
    if body is None:
        body = canonical_json(body_of(post))
    return Kept(short(post.key), mark(post.tenant_id, post.kind, body),
                tuple([short(item.task_hash) for item in post.items]))


def mark(tenant_id: str, kind: str, body: bytes) -> int:
    """What `Kept` has of a post's body."""
    whole = f"{tenant_id},{kind},".encode() + body
    return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest()) & _MARK


def short(text: str) -> bytes:
    """120 bits of SHA-256, as many as a row's id has."""
    return digest(text)[:SHORT]
