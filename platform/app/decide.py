"""A person's decision about one delivery, posted once."""
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from platform.app.repairs import subject_of
from platform.app.run import Run
from platform.app.unknown import step_typed
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
    """What was typed. `task` may have `step:` in front."""

    task: str
    decision: str
    by: str
    note: str


class DecisionMade(NamedTuple):
    """What stands. `posted`: now, not before."""

    step: StepId
    posted: bool
    by: str
    at: str
    note: str
    refunded_credits: int


def decide(run: Run, asked: DecisionAsked) -> DecisionMade:
    """Post the decision, and the refund that it asks for. UsageError when there is no such task or nothing to settle,
    ConflictError when it was decided otherwise."""
    run, step_id = _step_of(run, asked.task)
    planned = run.snapshot.plan.step(step_id)
    past, subject = _past(run, step_id, planned)
    known = past.decided(subject)
    if known and known.decision != asked.decision:
        raise ConflictError(f"step {step_id}: {known.by} decided {known.decision} at {known.at}; nothing was posted, a "
                            "decision is not changed. If it was wrong, settle it with the tenant")
    if subject and asked.decision == "refund":
        raise UsageError(f"step {step_id}: was delivered, and what was done is not refunded; --arrived leaves it at "
                         "what was delivered, --resend sends the repaired package")
    made = known or Decision(past.made, asked.decision, asked.by, utc_text(datetime.now(UTC)),
                             asked.note, subject)

    for claim in past.open if known is None else ():
        if not claimant.is_dead(claim.claimant) and made.at < claim.expires_at:
            raise ConflictError(f"step {step_id}: {claimant.in_words(claim.claimant)} is delivering it and may do so "
                                f"until {claim.expires_at}; settle it after that, nothing was posted")

    def posts(book: Book) -> Sequence[Post]:
        if book.has(keys.claim(*past.work, past.made + 1)):
            raise ConflictError(f"step {step_id}: another attempt has begun meanwhile, nothing was posted; "
                                "see `status`")
        told = () if known else (attempts.decision(step_id, past.work, made),)
        paid = book.open_items(step_id.order) if made.decision == "refund" else ()
        return *told, *attempts.returned(step_id.order, past.work, paid)

    posted = run.deliveries.post(posts)
    back = sum(post.amount_credits for post in posted if post.type is PostType.REFUND)
    return DecisionMade(step_id, known is None, made.by, made.at, made.note, back)


def _step_of(run: Run, task: str) -> tuple[Run, StepId]:
    """The step that is named, and the run of its order. UsageError with the nearest name when neither the orders nor
    the ledger has it."""
    step_id = step_typed(task)
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
    raise UsageError(f"there is no step {step_id}; " + (f"did you mean {near}?" if near else "see `status`"))


def _past(run: Run, step_id: StepId, planned: PlannedStep | None) -> tuple[Past, str]:
    """The delivery that is meant and, where a repair of it waits, what that is about: the one of the plan before those
    of earlier versions of the order. UsageError when nothing waits and nothing was decided."""
    book = run.billing.history.book
    if planned and planned.kind is not Kind.DELIVERY:
        raise UsageError(f"step {step_id} is not a delivery; try a failed step again with `doit run --retry-failed`")
    if planned:
        epoch = book.epoch(planned.task_hash, RUN_CHARGE)
        held, last = run.holding.own(planned), run.records.of_step(planned)
        if REPAIR_HELD in (held.reason if held else "", last.reason if last else ""):
            past = run.deliveries.past(planned, epoch)
            return past, _subject(run, planned, past)
        works: list[Work] = [(planned.task_hash, number) for number in (epoch, epoch - 1) if number >= 0]
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
    """Whether it may have arrived; of a run that was killed in the middle the book knows nothing yet."""
    return bool(past.doubts) and book.fact(*past.work) in (None, Fact.HELD)


def _subject(run: Run, planned: PlannedStep, past: Past) -> str:
    try:
        return subject_of(past, what_went_in(run.context, planned), run.workspace.profile.delivery)
    except Fault:
        return ""
