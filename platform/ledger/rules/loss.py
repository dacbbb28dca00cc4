"""An operator's acceptance that posts are lost: a line of its own in the journal, of no tenant.
Pure.

It moves no credits. It lists what was known of the lost posts: heads that a machine remembered, and
the task hashes of finished work that the state does not know as paid.
"""
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from platform.ledger.rules import keys
from platform.model.entry import LOSS, Post, PostType


def loss(note: str, heads: Sequence[Mapping[str, Any]], unpaid: Sequence[str]) -> Post:
    """The post of an accepted loss. `heads` are {ledger_id, seq, hash}; `unpaid` are task
    hashes."""
    metadata = {"remembered": [dict(head) for head in heads], "unpaid": sorted(unpaid)}
    return Post(keys.loss(metadata), LOSS, "", PostType.SPEND, 0, note=note, metadata=metadata)


def accepted(posts: Iterable[Post]) -> frozenset[str]:
    """The task hashes of work whose charges somebody gave up."""
    return frozenset(str(task) for post in posts if post.kind == LOSS
                     for task in post.metadata.get("unpaid", ()))
