"""What the journal says of each delivery: who claimed which attempt, what arrived, what a person
decided. Pure.

A delivery is a task hash at a refund epoch. Each attempt is claimed before anything leaves. A claim
stays open until evidence says that the delivery arrived, a void says that this attempt certainly
delivered nothing, or a person decides. An open claim means that the delivery may have arrived. Of a
provider that cannot be asked, only `LIMIT` attempts are made with none of them settled; `resend`
allows one more.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from platform.ledger.rules import keys
from platform.ledger.rules.refund_post import refund_item, refund_post
from platform.model.entry import Item, Post, PostType
from platform.model.ids import OrderId, StepId

LIMIT = 2  # the first attempt and one automatic repetition
REFUND_REASON = "refunded_by_decision"

KINDS = ("evidence", "claim", "void", "decision")  # of the posts that `Attempts` reads

Work = tuple[str, int]  # task hash and refund epoch


class Claim(NamedTuple):
    """One attempt. `claimant` identifies the process (host, pid, and what shows whether it is
    alive). At `expires_at` (UTC) it has certainly ended. `settings` are digests of the profile's
    delivery settings by provider."""

    attempt: int
    claimant: Mapping[str, Any]
    expires_at: str
    settings: Mapping[str, str]


class Decision(NamedTuple):
    """A person's decision about a delivery after so many attempts. `about` is the package of a
    repair, or empty."""

    attempt: int
    decision: str  # arrived | resend | refund
    by: str
    at: str
    note: str
    about: str


@dataclass(frozen=True, slots=True)
class Past:
    """One delivery so far. `made` counts all attempts, voided ones too. `inherited` is 1 when an
    earlier version left the outcome in doubt. `receipts` are those of what arrived, the newest
    last."""

    step: StepId
    work: Work
    made: int = 0
    open: tuple[Claim, ...] = ()
    inherited: int = 0
    limit: int = LIMIT
    receipts: tuple[Mapping[str, Any], ...] = ()
    # those of the attempt that arrived; None when they are not known
    settings: Mapping[str, str] | None = None
    decisions: tuple[Decision, ...] = ()

    @property
    def doubts(self) -> int:
        """The number of attempts that may have arrived."""
        return len(self.open) + self.inherited

    @property
    def is_capped(self) -> bool:
        """Whether no further attempt is automatic unless the provider says that nothing arrived."""
        return self.doubts >= self.limit

    def decided(self, about: str = "") -> Decision | None:
        """The decision since the last attempt, on the doubt or on the repair that `about` names."""
        return next(
            (each for each in self.decisions if (each.attempt, each.about) == (self.made, about)),
            None,
        )


class Attempts:
    """All deliveries of a journal; posts are added in its order."""

    def __init__(self) -> None:
        self._past: dict[Work, Past] = {}

    def of(self, step: StepId, work: Work) -> Past:
        """A delivery so far; an empty past when there was no attempt."""
        return self._past.get(work) or Past(step, work)

    def of_step(self, step: StepId) -> tuple[Past, ...]:
        """Everything that the step's deliveries were, of whatever task hash, the newest last."""
        return tuple(past for past in self._past.values() if past.step == step)

    def add(self, posts: Iterable[Post]) -> None:
        """Add posts, in the journal's order."""
        for post in posts:
            if post.kind == "evidence":
                for item in post.items:
                    step = StepId(post.tenant_id, post.work_order_id, item.step_id)
                    work = item.task_hash, item.refund_epoch
                    self._past[work] = _arrived(self.of(step, work), item)
            elif change := _CHANGES.get(post.kind):
                told = post.metadata
                step = StepId(post.tenant_id, post.work_order_id, told["step_id"])
                work = told["task_hash"], told["refund_epoch"]
                self._past[work] = change(self.of(step, work), told)


def _arrived(past: Past, item: Item) -> Past:
    settings = past.open[-1].settings if past.open else past.settings
    return replace(past, open=(), inherited=0, limit=LIMIT, settings=settings,
                   receipts=(*past.receipts, item.metadata.get("evidence", {})))


def _claimed(past: Past, told: Mapping[str, Any]) -> Past:
    claim = Claim(
        told["attempt"],
        told.get("claimant", {}),
        str(told.get("expires_at", "")),
        told.get("settings", {}),
    )
    return replace(past, made=claim.attempt, open=(*past.open, claim),
                   inherited=past.inherited or int(bool(told.get("in_doubt_before"))))


def _voided(past: Past, told: Mapping[str, Any]) -> Past:
    return replace(
        past, open=tuple(claim for claim in past.open if claim.attempt != told["attempt"])
    )


def _decided(past: Past, told: Mapping[str, Any]) -> Past:
    made = Decision(
        told["attempt"],
        told["decision"],
        *(str(told.get(name, "")) for name in ("by", "at", "note", "about")),
    )
    decisions = (*past.decisions, made)
    if made.about:
        return replace(past, decisions=decisions)
    if made.decision == "resend":
        return replace(past, decisions=decisions, limit=max(past.limit, past.doubts + 1))
    return replace(past, decisions=decisions, open=(), inherited=0)


_CHANGES = {"claim": _claimed, "void": _voided, "decision": _decided}


def claim(step: StepId, work: Work, attempt: int, told: Mapping[str, Any]) -> Post:
    """The post that claims an attempt. `told`: claimant, expires_at, settings, in_doubt_before."""
    return _fact("claim", keys.claim(*work, attempt), step, work, attempt, told)


def void(step: StepId, work: Work, attempt: int, reason: str) -> Post:
    """The post that says that an attempt certainly delivered nothing."""
    return _fact("void", keys.void(*work, attempt), step, work, attempt, {"reason": reason})


def decision(step: StepId, work: Work, made: Decision) -> Post:
    """The post of a person's decision."""
    told = {name: value for name, value in made._asdict().items() if name != "attempt" and value}
    post = _fact(
        "decision", keys.decision(*work, made.attempt, made.about), step, work, made.attempt, told
    )
    return Post(
        post.key,
        post.kind,
        post.tenant_id,
        post.type,
        0,
        post.work_order_id,
        note=made.note,
        metadata=post.metadata,
    )


def returned(order: OrderId, work: Work, items: Iterable[Item]) -> tuple[Post, ...]:
    """The REFUND after a person's decision; none when nothing of it is paid."""
    back = [
        refund_item(item, REFUND_REASON)
        for item in items
        if (item.task_hash, item.refund_epoch) == work
    ]
    return (refund_post(order, back, REFUND_REASON),) if back else ()


def _fact(
    kind: str, key: str, step: StepId, work: Work, attempt: int, told: Mapping[str, Any]
) -> Post:
    task_hash, refund_epoch = work
    return Post(
        key,
        kind,
        step.tenant_id,
        PostType.SPEND,
        0,
        step.work_order_id,
        metadata={
            "task_hash": task_hash,
            "refund_epoch": refund_epoch,
            "attempt": attempt,
            "step_id": step.step_id,
            **told,
        },
    )
