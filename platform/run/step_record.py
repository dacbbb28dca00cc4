"""The record of a step before its first attempt, and after an error of the platform itself."""
import traceback
from dataclasses import replace

from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.reasons import UNVERIFIED
from platform.model.run import RunRecord, Status
from platform.redact import Redactor
from platform.run import results
from platform.run.context import RunContext
from platform.run.job import run_id
from platform.run.results import Outcome
from platform.run.step_directory import StepDirectory

_LONGEST_ERROR = 500  # characters of an exception that the record contains


def new_record(context: RunContext, step: PlannedStep, epoch: int) -> RunRecord:
    """The record of a step that has not started. `epoch` is the number of its refunds."""
    return RunRecord(
        *step.id,
        step.contract.module_id,
        step.contract.version,
        step.kind.value,
        Status.FAILED,
        step.task_hash,
        epoch,
        run_id(step, epoch),
        inputs_digest="",
        task=step.spec,
        isolation="none: nothing was started",
    )


def arrived(context: RunContext, step: PlannedStep, epoch: int, place: StepDirectory) -> bool:
    """Whether an earlier run of the same work says that it arrived or may have arrived, or was
    stopped before its end."""
    last = context.record(step.id)
    return place.in_doubt or (
        last is not None and (last.task_hash, last.refund_epoch) == (step.task_hash, epoch)
        and (last.completed or last.reason in (UNVERIFIED, results.REPAIR_HELD)))


def failed_by_platform(
    context: RunContext,
    step: PlannedStep,
    record: RunRecord,
    place: StepDirectory,
    error: Exception,
    *,
    began: bool = False,
) -> RunRecord:
    """The record of a step at which the platform itself failed; the traceback is in its log.

    `began`: the step's child process was started.

    Displaced, StorageError: the log cannot be written.
    """
    redactor = Redactor(
        filter(None, (context.env.get(secret.name) for secret in step.contract.secrets))
    )
    place.note(redactor.text("".join(traceback.format_exception(error))))
    words = redactor.text(" ".join(f"{type(error).__name__}: {error}".split()))[:_LONGEST_ERROR]
    outcome = Outcome(
        Status.FAILED, "internal_error", f"{words}; the traceback is in the step's log"
    )
    if began and step.kind is Kind.DELIVERY:
        outcome = results.unproven(outcome)
    return replace(record, status=outcome.status, reason=outcome.reason, message=outcome.message)
