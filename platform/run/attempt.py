"""One attempt at a step: run its job, judge how it ended, and collect its outputs."""
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.reasons import UNVERIFIED
from platform.model.run import OutputFile, RunRecord, Status
from platform.ports.executor import Job
from platform.redact import Redactor
from platform.run import results
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.leaks import no_secret_in
from platform.run.outputs import NOT_WRITTEN, collect
from platform.run.receipt import receipt_of
from platform.run.results import Outcome
from platform.run.step_directory import StepDirectory


def attempt(
    context: RunContext, step: PlannedStep, record: RunRecord, place: StepDirectory, todo: Job
) -> RunRecord:
    """Run the job once.

    Args:
        record: the record after the attempt before, with the number of this attempt.

    Returns:
        The record with the outcome, and with the outputs if they match the contract.
    """
    try:
        ended = context.executor.submit(todo).result()
        outcome = results.judge(ended, step.contract, todo.limits, context.reasons)
    except Fault as fault:
        outcome = Outcome(Status.FAILED, fault.reason, str(fault))
        if step.kind is Kind.DELIVERY and fault.reason == NOT_WRITTEN:  # it had begun
            outcome = results.unproven(outcome)
    if record.reason == UNVERIFIED and not outcome.told and outcome.reason != UNVERIFIED:
        # this attempt did not get far; the one before may have delivered
        outcome = results.unproven(outcome)
    return _with_outputs(context, step, record, place, outcome, todo)


def _with_outputs(
    context: RunContext,
    step: PlannedStep,
    record: RunRecord,
    place: StepDirectory,
    outcome: Outcome,
    todo: Job,
) -> RunRecord:
    """The record with the outcome, and with the outputs if they match the contract."""
    redactor = Redactor(todo.secrets)
    made: tuple[OutputFile, ...] = ()
    evidence: Mapping[str, Any] = {}
    if outcome.status is Status.COMPLETED:
        try:
            found = collect(
                step, place.outputs, context.digests, context.profile.limits.output_mb << 20
            )
            no_secret_in(found, place.outputs, step.contract, todo.secrets_by_name(step.contract))
            made = found
            # not earlier: `collect` refuses links, which can lead anywhere
            evidence = receipt_of(step, place, redactor)
        except (Fault, OSError) as error:
            reason, words = (error.reason, str(error)) if isinstance(error, Fault) else (
                NOT_WRITTEN, f"an output cannot be read: {error.strerror}")
            outcome = Outcome(Status.FAILED, reason, words)
            # the module reported a delivery, and a wrong file next to it disproves nothing
            if step.kind is Kind.DELIVERY:
                outcome = results.unproven(outcome)
    return replace(
        record,
        status=outcome.status,
        reason=outcome.reason,
        outputs=made,
        evidence=evidence,
        message=redactor.text(outcome.message),
    )
