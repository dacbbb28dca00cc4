"""The outcome of an order, as its steps' records give it. Pure."""
from collections.abc import Mapping
from dataclasses import dataclass

from platform.model.order import Mode
from platform.model.plan import PlannedOrder
from platform.model.run import RunRecord, Status

_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """An order's status, its most important reason, and the number of steps by status."""

    status: str  # COMPLETED, PARTIAL or FAILED
    reason: str = ""
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    pending: int = 0
    held: int = 0  # of the failed ones, those that wait for a decision


def outcome(order: PlannedOrder, runs: Mapping[str, RunRecord], refusal: str = "",
            held: Mapping[str, str] = _NOTHING) -> OrderOutcome:
    """The outcome of an order.

    * COMPLETED: every step completed.
    * PARTIAL: some steps completed.
    * FAILED: the order was refused, no step completed, or a step of a STRICT order failed.

    `runs` are the records of this plan's task hashes, by step id; a step without a record is
    pending. `refusal` is the reason of a refused order. `held` are the reasons of steps on hold, by
    step id; they count as failed, whatever their record says. The reason is `refusal`, or that of
    the first failed step.
    """
    records = [runs.get(step.id.step_id) for step in order.steps]
    waits = [
        held.get(step.id.step_id)
        or (
            record.reason or record.status.value
            if record and record.status is Status.NEEDS_DECISION
            else ""
        )
        for step, record in zip(order.steps, records, strict=True)
    ]
    states = [Status.FAILED if why else
              record.status if record else None for record, why in zip(records, waits, strict=True)]
    completed, failed, skipped = (
        states.count(status) for status in (Status.COMPLETED, Status.FAILED, Status.SKIPPED)
    )
    reasons = [why or (record.reason if record else "") for record, why, state in zip(
        records, waits, states, strict=True) if state is Status.FAILED]
    if refusal:
        status, reason = "FAILED", refusal
    elif completed == len(records):
        status, reason = "COMPLETED", ""
    elif completed and not (order.mode is Mode.STRICT and failed):
        status, reason = "PARTIAL", reasons[0] if reasons else "not_run"
    else:
        status, reason = "FAILED", reasons[0] if reasons else "not_run"
    return OrderOutcome(status, reason, completed, failed, skipped, pending=states.count(None),
                        held=sum(bool(why) for why in waits))
