"""Why a task would run or be charged, or why not: every reason with its comparison. Pure.

A step is compared with its last run, a charge with earlier posts. If a reason only follows from a
change upstream, such as a task hash in a binding, the report shows that change too.
"""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platform.model.held import Held
from platform.model.ids import OrderId
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.problem import Problem
from platform.model.run import RunRecord
from platform.model.task_name import TaskKind, order_task, step_task
from platform.publish.select import Purchase
from platform.report.bill import Posted, is_spend
from platform.report.quote_step import running_above, still_up_to_date
from platform.report.quote_values import INVALID, Action
from platform.run.current import RunReason

PAID = "paid"
CHARGE = "charge"


@dataclass(frozen=True, slots=True)
class Cause:
    """A change upstream that explains a reason of this step."""

    step_id: str
    words: str
    field: str = ""
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class Compared:
    """The run with which a step is compared; times are UTC, ISO 8601, with Z."""

    run_id: str
    finished_at: str
    status: str
    task_hash: str


@dataclass(frozen=True, slots=True)
class ItemWhy:
    """One item of a charge.

    `compared_with` is the post that paid for it, refunded it, or paid for an earlier version. It is
    None if nothing was posted.
    """

    step_id: str
    deliverable_id: str
    due: bool
    price_credits: int
    words: str
    compared_with: Posted | None


@dataclass(frozen=True, slots=True)
class ChargeWhy:
    """`verdict` is charge, paid or refused; `credits` are not paid yet."""

    task: str
    verdict: str
    refusal: str
    credits: int
    items: tuple[ItemWhy, ...]


@dataclass(frozen=True, slots=True)
class StepWhy:
    """`verdict` is run, cached, held or refused. A step that is up to date has no reasons."""

    task: str
    verdict: Action
    words: str
    reasons: tuple[RunReason, ...]
    because: tuple[Cause, ...]
    compared_with: Compared | None
    charge: ChargeWhy


@dataclass(frozen=True, slots=True)
class OrderWhy:
    """An order with its charge and steps. `problems` are the lines of an invalid order."""

    task: str
    verdict: Action
    refusal: str
    problems: tuple[str, ...]
    charge: ChargeWhy | None
    steps: tuple[StepWhy, ...]


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A deliverable that was bought and made but not published; it was charged at `posted_at`."""

    step_id: str
    deliverable_id: str
    transaction_item_id: str
    posted_at: str
    artifact_name: str


@dataclass(frozen=True, slots=True)
class PublishWhy:
    """`verdict` is run while a deliverable awaits publishing, otherwise cached."""

    task: str
    verdict: Action
    awaiting: tuple[Awaiting, ...]


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The facts about an order: why each step would run, run records, posts, and the refusal."""

    reasons: Mapping[str, Sequence[RunReason]]
    records: Mapping[str, RunRecord]
    posted: Sequence[Posted]
    refusal: str = ""
    held: Mapping[str, Held] = field(default_factory=dict)  # the steps that wait for a decision


def publish_why(order_id: OrderId, due: Iterable[Purchase]) -> PublishWhy:
    """The deliverables of an order that await publishing."""
    awaiting = tuple(
        Awaiting(
            each.step.step_id, each.deliverable_id, each.item_id, each.posted_at, each.artifact_name
        )
        for each in due
    )
    return PublishWhy(
        order_task(TaskKind.PUBLISH, order_id), Action.RUN if awaiting else Action.CACHED, awaiting
    )


def order_why(order: PlannedOrder, facts: OrderFacts) -> OrderWhy:
    """The whole order."""
    steps = tuple(step_why(order, step, facts) for step in order.steps)
    due = any(step.reasons for step in steps)
    verdict = Action.REFUSED if facts.refusal else Action.RUN if due else Action.CACHED
    return OrderWhy(order_task(TaskKind.WORKORDER, order.id), verdict, facts.refusal, (),
                    charge_why(order, order.steps, facts), steps)


def invalid_why(order_id: OrderId, problems: Iterable[Problem]) -> OrderWhy:
    """The answer for an order that cannot be planned."""
    return OrderWhy(order_task(TaskKind.WORKORDER, order_id), Action.REFUSED, INVALID,
                    tuple(map(str, problems)), None, ())


def charge_why(order: PlannedOrder, steps: Iterable[PlannedStep], facts: OrderFacts) -> ChargeWhy:
    """The charge for some steps of an order, or for all of them."""
    items = tuple(_item(step, charge.deliverable_id, charge.amount_credits, facts.posted)
                  for step in steps for charge in step.charges)
    due = any(item.due for item in items)
    verdict = Action.REFUSED.value if facts.refusal else CHARGE if due else PAID
    return ChargeWhy(order_task(TaskKind.CHARGE, order.id), verdict, facts.refusal,
                     sum(item.price_credits for item in items if item.due), items)


def step_why(order: PlannedOrder, step: PlannedStep, facts: OrderFacts) -> StepWhy:
    """One step of an order."""
    reasons = tuple(facts.reasons.get(step.id.step_id, ()))
    above = running_above(order, [name for name, due in facts.reasons.items() if due])[
        step.id.step_id
    ]
    held = facts.held.get(step.id.step_id)
    waits = f"{held.reason}: {held.words}" if held else ""
    words = facts.refusal or waits or (reasons[0].words if reasons else still_up_to_date(above))
    record = facts.records.get(step.id.step_id)
    compared = (
        Compared(record.run_id, record.finished_at, record.status.value, record.task_hash)
        if record
        else None
    )
    verdict = (
        Action.REFUSED
        if facts.refusal
        else Action.HELD
        if held
        else Action.RUN
        if reasons
        else Action.CACHED
    )
    return StepWhy(
        step_task(step.id),
        verdict,
        words,
        reasons,
        tuple(_causes(reasons, facts, {step.id.step_id})),
        compared,
        charge_why(order, [step], facts),
    )


def _item(step: PlannedStep, deliverable_id: str, price: int, posted: Sequence[Posted]) -> ItemWhy:
    ours = [
        row
        for row in posted
        if (row.step_id, row.deliverable_id) == (step.id.step_id, deliverable_id)
    ]
    same = [row for row in ours if row.task_hash == step.task_hash]
    before = [row for row in ours if row.task_hash != step.task_hash and is_spend(row)]
    compared = same[-1] if same else before[-1] if before else None
    if compared is None:
        words = "never paid"
    elif compared.task_hash != step.task_hash:
        words = "the order changed since this was paid"
    elif is_spend(compared):
        words = "paid"
    else:
        words = f"refunded ({compared.note}); running it again is charged again"
    return ItemWhy(
        step.id.step_id, deliverable_id, not (same and is_spend(same[-1])), price, words, compared
    )


def _causes(reasons: Sequence[RunReason], facts: OrderFacts, seen: set[str]) -> Iterable[Cause]:
    """The changes upstream from which the reasons follow; each step once, the nearest first."""
    for reason in reasons:
        name = reason.upstream
        if not name or name in seen:
            continue
        seen.add(name)
        above = facts.reasons.get(name, ())
        own = [each for each in above if each.field != "task_hash" and not each.upstream]
        yield from (Cause(name, each.words, each.field, each.old, each.new) for each in own)
        yield from _causes(above, facts, seen)
        if not above and (record := facts.records.get(name)):
            yield Cause(name, f"ran again: run {record.run_id} of {record.finished_at}")


