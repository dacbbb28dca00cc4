"""The record of a step that does not run: skipped, waiting, or failed by the platform itself."""
from dataclasses import replace

from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.reasons import CANCELLED
from platform.model.run import RunRecord, Status
from platform.model.utc import utc_text
from platform.owned import Displaced
from platform.run import results
from platform.run.context import RunContext
from platform.run.outputs import NOT_WRITTEN
from platform.run.results import Outcome
from platform.run.step_directory import fresh_directory
from platform.run.step_record import arrived, failed_by_platform, new_record


def skip_step(context: RunContext, step: PlannedStep, epoch: int, because: str) -> RunRecord:
    """Record that a step did not run because the step `because` did not complete.

    Displaced, StorageError: the record cannot be written.
    """
    outcome = Outcome(Status.SKIPPED, "skipped_upstream", f"step {because} did not complete")
    return _kept(context, step, epoch, outcome)


def cancel_step(context: RunContext, step: PlannedStep, epoch: int, words: str) -> RunRecord:
    """Record that a person cancelled a step before it started. `words`: who, when and why.

    Displaced, StorageError: the record cannot be written.
    """
    return _kept(context, step, epoch, Outcome(Status.FAILED, CANCELLED, words))


def hold_step(
    context: RunContext, step: PlannedStep, epoch: int, reason: str, message: str
) -> RunRecord:
    """Record that a step waits for a person's decision and was not run.

    Displaced, StorageError: the record cannot be written.
    """
    return _kept(context, step, epoch, Outcome(Status.NEEDS_DECISION, reason, message))


def fail_step(
    context: RunContext, step: PlannedStep, epoch: int, error: Exception, *, known: bool
) -> RunRecord:
    """Record that the platform itself failed at a step, before or after it ran.

    The traceback is in the step's log. `known`: the ledger has a fact about the step, so a delivery
    may have arrived before.

    Displaced, StorageError: the record cannot be written.
    """
    at = utc_text(context.now())
    with fresh_directory(context.runtime_dir, step.id) as place:
        record = replace(new_record(context, step, epoch), started_at=at, finished_at=at)
        began = known or arrived(context, step, epoch, place)
        record = failed_by_platform(context, step, record, place, error, began=began)
        place.publish(record)
    return record


def unkept_step(
    context: RunContext, step: PlannedStep, epoch: int, error: Displaced, *, known: bool
) -> RunRecord:
    """The record of a step whose record cannot be stored, because something else has its path.

    It is on no disk: it settles the order, and the next run finds no record. `known`: as in
    `fail_step`.
    """
    outcome = Outcome(Status.FAILED, NOT_WRITTEN, str(error))
    if known and step.kind is Kind.DELIVERY:
        outcome = results.unproven(outcome)
    return _record(context, step, epoch, outcome)


def _kept(context: RunContext, step: PlannedStep, epoch: int, outcome: Outcome) -> RunRecord:
    record = _record(context, step, epoch, outcome)
    with fresh_directory(context.runtime_dir, step.id) as place:
        place.publish(record)
    return record


def _record(context: RunContext, step: PlannedStep, epoch: int, outcome: Outcome) -> RunRecord:
    """The record of a step that began and ended now, with this outcome."""
    at = utc_text(context.now())
    return replace(new_record(context, step, epoch), status=outcome.status, reason=outcome.reason,
                   message=outcome.message, started_at=at, finished_at=at)
