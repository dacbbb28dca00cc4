"""What every post must be by itself, regardless of earlier posts. Pure."""
from collections.abc import Callable

from platform.ledger.rules.tables import Fact
from platform.model.entry import ADJUSTMENT, TRANSFER, Post, PostType, received


def loss_objection(post: Post) -> str:
    """Why a post is not a valid loss; empty when it is."""
    if post.amount_credits or post.items or post.tenant_id:
        return f"{post.key} is a loss of a tenant, or moves credits"
    return ""


def adjustment_objection(post: Post) -> str:
    """Why a post is not a valid adjustment or transfer; empty when it is."""
    if post.type is not PostType.ADJUSTMENT or post.kind not in (ADJUSTMENT, TRANSFER):
        return f"{post.key} is a {post.kind} of type {post.type}, which no rule makes"
    if post.items or not post.amount_credits:
        return f"{post.key} adjusts nothing, or has items"
    if post.kind == TRANSFER and (
        post.amount_credits > 0 or received(post).tenant_id == post.tenant_id
    ):
        return f"{post.key} is no transfer from one tenant to another"
    return ""


def wrong_sign(post: Post, amount: int) -> str:
    """The objection to an amount whose sign the post's type cannot have."""
    return f"{post.key} has {amount} credits, which a {post.type} cannot"


def fact_after(post: Post, before: Fact | None, has_claims: Callable[[], bool]) -> Fact | None:
    """What is known about a delivery's task after a claim, a void or a decision. `has_claims`
    returns whether a claim exists that is not void. DONE never changes."""
    if before is Fact.DONE:
        return before
    if post.kind == "decision":
        return {"arrived": Fact.DONE, "refund": Fact.RETURNED}.get(
            post.metadata["decision"], before
        )
    if post.kind == "claim":
        return before or Fact.HELD
    return None if before is Fact.HELD and not has_claims() else before
