"""That a person goes on without posts that are lost: a line of its own in the journal, of no
tenant. Pure.

It moves no credits. It names what was known of what is lost: heads that a machine remembered, and
the task hashes of work that was done and that the state does not know as paid.
"""
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from platform.ledger.rules import keys
from platform.model.entry import LOSS, Post, PostType


def loss(note: str, heads: Sequence[Mapping[str, Any]], unpaid: Sequence[str]) -> Post:
    """`heads` are {ledger_id, seq, hash}; `unpaid` task hashes."""
    metadata = {"remembered": [dict(head) for head in heads], "unpaid": sorted(unpaid)}
    return Post(keys.loss(metadata), LOSS, "", PostType.SPEND, 0, note=note, metadata=metadata)


def accepted(posts: Iterable[Post]) -> frozenset[str]:
    """The task hashes of work whose charges somebody gave up."""
    return frozenset(str(task) for post in posts if post.kind == LOSS
                     for task in post.metadata.get("unpaid", ()))
