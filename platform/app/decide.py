"""Post a person's decision about one delivery, once."""
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from platform.app.repairs import subject_of
from platform.app.run import Run
from platform.app.unknown_task import parse_step
from platform.check.words import nearest
from platform.errors import ConflictError, UsageError
from platform.ledger.rules import attempts, keys
from platform.ledger.rules.attempts import Decision, Past, Work
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Fact
from platform.model.entry import Post, PostType
from platform.model.ids import RUN_CHARGE, StepId
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.utc import utc_text
from platform.run import claimant
from platform.run.fault import Fault
from platform.run.inputs import what_went_in
from platform.run.results import REPAIR_HELD


class DecisionAsked(NamedTuple):
    """The requested decision. `task` may begin with `step:`."""

    task: str
    decision: str
    by: str
    note: str


class DecisionMade(NamedTuple):
    """The decision in force. `posted`: whether this call posted it, rather than an earlier one."""

    step: StepId
    posted: bool
    by: str
    at: str
    note: str
    refunded_credits: int


def decide(run: Run, asked: DecisionAsked) -> DecisionMade:
    """Post the decision, and its refund if it is one.

    Raises:
        UsageError: the task does not exist, or there is nothing to settle.
        ConflictError: another decision was posted before, or another attempt has begun.
    """
    run, step_id = _step_of(run, asked.task)
    planned = run.snapshot.plan.step(step_id)
    past, subject = _past(run, step_id, planned)
    known = past.decided(subject)
    if known and known.decision != asked.decision:
        raise ConflictError(f"step {step_id}: {known.by} decided {known.decision} at {known.at}; "
                            "nothing was posted, because a decision cannot be changed. If it was "
                            "wrong, settle it with the tenant")
    if subject and asked.decision == "refund":
        raise UsageError(f"step {step_id}: was delivered, and completed work is not refunded; "
                         "--arrived keeps what was delivered, --resend sends the repaired package")
    made = known or Decision(past.made, asked.decision, asked.by, utc_text(datetime.now(UTC)),
                             asked.note, subject)

    for claim in past.open if known is None else ():
        if not claimant.is_dead(claim.claimant) and made.at < claim.expires_at:
            raise ConflictError(f"step {step_id}: {claimant.described(claim.claimant)} is "
                                f"delivering it and may do so until {claim.expires_at}; settle it "
                                "after that, nothing was posted")

    def posts(book: Book) -> Sequence[Post]:
        if book.has(keys.claim(*past.work, past.made + 1)):
            raise ConflictError(f"step {step_id}: another attempt has begun; nothing was posted; "
                                "see `status`")
        decision = () if known else (attempts.decision(step_id, past.work, made),)
        paid = book.open_items(step_id.order) if made.decision == "refund" else ()
        return *decision, *attempts.returned(step_id.order, past.work, paid)

    posted = run.deliveries.post(posts)
    back = sum(post.amount_credits for post in posted if post.type is PostType.REFUND)
    return DecisionMade(step_id, known is None, made.by, made.at, made.note, back)


def _step_of(run: Run, task: str) -> tuple[Run, StepId]:
    """The named step, and a run of its order. UsageError with the nearest name if neither the
    orders nor the ledger contain the step."""
    step_id = parse_step(task)
    order_id = step_id.order
    if order_id in set(run.workspace.order_ids()):
        of_order = run.narrowed(frozenset({order_id}))
        if of_order.snapshot.plan.step(step_id) or run.deliveries.index.of_step(step_id):
            return of_order, step_id
    elif run.deliveries.index.of_step(step_id):
        return run, step_id
    order = run.snapshot.plan.orders.get(order_id)
    names = ([str(step.id) for step in order.steps] if order else
             [str(step.id) for each in run.snapshot.plan.orders.values() for step in each.steps])
    near = nearest(str(step_id), names)
    raise UsageError(f"step {step_id} does not exist; "
                     + (f"did you mean {near}?" if near else "see `status`"))


def _past(run: Run, step_id: StepId, planned: PlannedStep | None) -> tuple[Past, str]:
    """The delivery to settle, and the id of its repair if a repair waits.

    The plan's delivery has priority over those of earlier versions of the order. UsageError if no
    delivery waits and no decision exists."""
    book = run.billing.history.book
    if planned and planned.kind is not Kind.DELIVERY:
        raise UsageError(f"step {step_id} is not a delivery; use `doit run --retry-failed` to "
                         "retry a failed step")
    if planned:
        epoch = book.epoch(planned.task_hash, RUN_CHARGE)
        held, last = run.holding.own(planned), run.records.of_step(planned)
        if REPAIR_HELD in (held.reason if held else "", last.reason if last else ""):
            past = run.deliveries.past(planned, epoch)
            return past, _subject(run, planned, past)
        works: list[Work] = [
            (planned.task_hash, number) for number in (epoch, epoch - 1) if number >= 0
        ]
        for work in works:
            past = run.deliveries.past(planned, work[1])
            if _waits(book, past) or past.decided():
                return past, ""
        past = run.deliveries.past(planned, epoch)
        if past.receipts and past.decided(subject := _subject(run, planned, past)):
            return past, subject
    for past in reversed(run.deliveries.index.of_step(step_id)):
        if _waits(book, past) or (planned is None and past.decided()):
            return past, ""
    raise UsageError(f"step {step_id} has nothing to settle: none of its deliveries is in doubt")


def _waits(book: Book, past: Past) -> bool:
    """Whether the delivery may have arrived. After a run was killed, the book has no entry yet."""
    return bool(past.doubts) and book.fact(*past.work) in (None, Fact.HELD)


def _subject(run: Run, planned: PlannedStep, past: Past) -> str:
    try:
        return subject_of(past, what_went_in(run.context, planned), run.workspace.profile.delivery)
    except Fault:
        return ""
