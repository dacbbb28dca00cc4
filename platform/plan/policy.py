"""What an order's mode means: which steps wait for which, and what the whole is when its parts are known."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform.model.order import Mode, Order, Step, upstream_of
from platform.model.plan import PlannedOrder
from platform.model.run import RunRecord, Status
from platform.plan.graph import in_order


def waits_for(order: Order, steps: Sequence[Step]) -> dict[str, tuple[str, ...]]:
    """Step id -> ids of the steps before it. STRICT runs one step after the other: "the first that failed" is then
    the same one on every machine, and nothing after it starts."""
    waits = {step.step_id: upstream_of(step) for step in steps}
    if order.mode is Mode.STRICT:
        chain = in_order(waits)
        waits = {name: tuple(dict.fromkeys([*waits[name], *chain[:index][-1:]])) for index, name in enumerate(chain)}
    return waits


_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """An order's final status with the reason that a person asks for first."""

    status: str  # COMPLETED, PARTIAL or FAILED
    reason: str = ""
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    pending: int = 0


def outcome(order: PlannedOrder, runs: Mapping[str, RunRecord], refusal: str = "",
            held: Mapping[str, str] = _NOTHING) -> OrderOutcome:
    """COMPLETED: every step completed. PARTIAL: some did. FAILED: none did, or STRICT and one did not, or refused.

    `runs` are the records of this plan's task hashes; a step without one is pending. The reason is the refusal's, or
    that of the first step that failed or waits for a decision. `held` are the reasons of steps that wait, whatever
    their record says; they count as failed.
    """
    records = [runs.get(step.id.step_id) for step in order.steps]
    waits = [held.get(step.id.step_id, "") for step in order.steps]
    states = [Status.FAILED if why or (record and record.status is Status.NEEDS_DECISION) else
              record.status if record else None for record, why in zip(records, waits, strict=True)]
    completed, failed, skipped = (states.count(status) for status in (Status.COMPLETED, Status.FAILED, Status.SKIPPED))
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
    return OrderOutcome(status, reason, completed, failed, skipped, pending=states.count(None))
