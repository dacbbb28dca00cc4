"""Corrections by an operator: posts of type ADJUSTMENT, and what a corrected transaction comes to.
Pure.

Nothing in the journal is ever changed. An adjustment is a post of its own that names the
transaction that it corrects; a transfer is two adjustments in one post. The key of each is its
tenant (of a transfer the one that gives) and its reference.
"""
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from platform.errors import UsageError
from platform.ledger.rules import keys
from platform.ledger.rules.credit import MAX_CREDITS
from platform.model.digest import derived_id
from platform.model.entry import ADJUSTMENT, TRANSFER, Post, PostType, sides
from platform.model.reference import normalised

# the reason of what is given for a transaction and says nothing about what it should have been
GIFT = "goodwill"
CATEGORY = "adjustment"  # of the reasons in config/reasons.yml that a correction may have


class Correction(NamedTuple):
    """What every correction states. `corrects` is a transaction id; `approved_by` is the person who
    allowed it."""

    reference: str
    reason: str
    note: str
    corrects: str = ""
    approved_by: str = ""
    allow_debt: bool = False


def adjustment(tenant_id: str, amount_credits: int, said: Correction) -> Post:
    """An ADJUSTMENT of one tenant. UsageError unless the amount is a whole number and not 0."""
    _bounded(amount_credits)
    key = keys.adjustment(tenant_id, normalised(said.reference))
    return _post(key, ADJUSTMENT, tenant_id, amount_credits, said, {})


def transfer(from_tenant_id: str, to_tenant_id: str, amount_credits: int, said: Correction) -> Post:
    """Credits of one tenant for another, in one post. UsageError unless the amount is positive."""
    _bounded(amount_credits)
    if amount_credits < 0 or from_tenant_id == to_tenant_id:
        raise UsageError("a transfer needs two tenants and a positive number of credits")
    key = keys.transfer(from_tenant_id, normalised(said.reference))
    return _post(
        key, TRANSFER, from_tenant_id, -amount_credits, said, {"to_tenant_id": to_tenant_id}
    )


class Standing(NamedTuple):
    """What a transaction and its corrections come to: credits by tenant, without those that come
    to nothing; and the reasons of its corrections, in their order."""

    credits: Mapping[str, int]
    reasons: tuple[str, ...] = ()


def standings(posts: Iterable[Post], of: Iterable[str]) -> Mapping[str, Standing]:
    """How transactions stand, by key, with one look at the posts, which are in the journal's order.
    Corrections of corrections count; a gift does not, nor does what corrects a gift."""
    found: dict[str, dict[str, int]] = {key: {} for key in of}
    reasons: dict[str, list[str]] = {key: [] for key in found}
    # transaction ids, theirs and their corrections'
    about = {derived_id(key): key for key in found}
    for post in posts:
        key = post.key if post.key in found else about.get(str(post.metadata.get("corrects", "")))
        if key is None or (post.key not in found and (
                post.type is not PostType.ADJUSTMENT or post.reason_code == GIFT)):
            continue
        reasons[key] += [post.reason_code] * (post.key != key)
        for side in sides(post):
            about.setdefault(derived_id(side.key), key)
            sums = found[key]
            sums[side.tenant_id] = sums.get(side.tenant_id, 0) + side.amount_credits
    return {key: Standing({name: sum_ for name, sum_ in sums.items() if sum_},
                          tuple(reasons[key]))
            for key, sums in found.items()}


def _post(key: str, kind: str, tenant_id: str, amount: int, said: Correction,
          more: Mapping[str, str]) -> Post:
    metadata: dict[str, Any] = {"reference": normalised(said.reference), **more}
    if said.corrects:
        metadata["corrects"] = said.corrects
    if said.approved_by:
        metadata["approved_by"] = said.approved_by
    if said.allow_debt:
        metadata["allow_debt"] = True
    return Post(key, kind, tenant_id, PostType.ADJUSTMENT, amount, reason_code=said.reason,
                note=said.note, metadata=metadata)


def _bounded(amount_credits: int) -> None:
    if isinstance(amount_credits, bool) or not 0 < abs(amount_credits) <= MAX_CREDITS:
        raise UsageError(f"{amount_credits} credits cannot be adjusted; use a whole number that is "
                         f"not 0, of at most {MAX_CREDITS}")
