"""Run one step: resolve its inputs, look in the cache, run it with retries, check its outputs
against the contract, and move outputs and record into place together. A failure is an outcome
with a record, not an exception.
"""
import json
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from platform.confined import read_file
from platform.errors import PlatformError
from platform.model import jsontext
from platform.model.digest import digest_of
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.reasons import UNVERIFIED
from platform.model.run import OutputFile, RunRecord, Status
from platform.model.utc import utc_text
from platform.owned import Displaced
from platform.ports.executor import Job
from platform.run import cache, results
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.inputs import conforming, resolve, unaltered
from platform.run.job import job, permitted, run_id
from platform.run.leaks import no_secret_in
from platform.run.outputs import NOT_WRITTEN, collect
from platform.run.permit import Denied, Gate, Open
from platform.run.redact import Redactor
from platform.run.results import Outcome
from platform.run.step_directory import StepDirectory, fresh_directory

RECEIPT = "delivery_receipt_json"  # the output of a delivery that is its evidence
_RECEIPT_BYTES, _RECEIPT_LEVELS = 64 << 10, 16  # it becomes part of a journal's line
_LONGEST_WAIT_S = 30.0
_WORDS = 500  # characters of an exception that stand in the record
_OPEN = Open()


def run_step(
    context: RunContext,
    step: PlannedStep,
    epoch: int,
    sleep: Callable[[float], None] = time.sleep,
    *,
    gate: Gate = _OPEN,
) -> RunRecord:
    """Run a step and put its outputs, log and record into place; the record. `epoch` is how often
    it was refunded; `gate` knows what the ledger says of a delivery, and is asked and told at every
    attempt.

    StorageError when the disk refuses the record, ForbiddenError when the profile demands an
    isolation that is not here, PlatformError when the run was stopped: then the old record stands
    and nothing is known about this run.
    """
    started = context.now()
    with fresh_directory(
        context.runtime_dir, step.id, leave_trace=step.kind is Kind.DELIVERY
    ) as place:
        record = replace(_blank(context, step, epoch), started_at=utc_text(started))
        try:
            record = _made(context, step, record, place, gate, sleep)
        except Fault as fault:
            record = replace(record, status=Status.FAILED, reason=fault.reason, message=str(fault))
        except PlatformError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the order settles
            record = _failed_by_us(
                context, step, record, place, error, began=_arrived(context, step, epoch, place)
            )
        ended = context.now()
        record = replace(
            record,
            finished_at=utc_text(ended),
            duration_s=round((ended - started).total_seconds(), 3),
        )
        if not record.completed:
            place.clear()  # nobody may build on them
        try:
            cache.keep(context, step, record, place.outputs)
        except Displaced as error:
            record = replace(
                record, status=Status.FAILED, reason=NOT_WRITTEN, message=str(error), outputs=()
            )
            place.clear()
        place.publish(record)
    return record


def skip_step(context: RunContext, step: PlannedStep, epoch: int, because: str) -> RunRecord:
    """Record that a step did not run because the step `because` did not complete."""
    at = utc_text(context.now())
    record = replace(_blank(context, step, epoch), status=Status.SKIPPED, reason="skipped_upstream",
                     message=f"step {because} did not complete", started_at=at, finished_at=at)
    with fresh_directory(context.runtime_dir, step.id) as place:
        place.publish(record)
    return record


def hold_step(
    context: RunContext, step: PlannedStep, epoch: int, reason: str, message: str
) -> RunRecord:
    """Record that a step waits for a person's decision and was not run."""
    at = utc_text(context.now())
    record = replace(
        _blank(context, step, epoch),
        status=Status.NEEDS_DECISION,
        reason=reason,
        message=message,
        started_at=at,
        finished_at=at,
    )
    with fresh_directory(context.runtime_dir, step.id) as place:
        place.publish(record)
    return record


def fail_step(
    context: RunContext, step: PlannedStep, epoch: int, error: Exception, *, known: bool
) -> RunRecord:
    """Record that the platform itself failed at a step, before or after it ran; the traceback is
    in its log. `known`: the ledger has a fact of it, so that a delivery may have arrived before."""
    at = utc_text(context.now())
    with fresh_directory(context.runtime_dir, step.id) as place:
        record = replace(_blank(context, step, epoch), started_at=at, finished_at=at)
        began = known or _arrived(context, step, epoch, place)
        record = _failed_by_us(context, step, record, place, error, began=began)
        place.publish(record)
    return record


def unkept_step(
    context: RunContext, step: PlannedStep, epoch: int, error: Displaced, *, known: bool
) -> RunRecord:
    """The record of a step that cannot be put into place, because something else stands where it
    belongs. It is on no disk: its order is settled by it, and the next run knows of no run.
    `known`: as in `fail_step`."""
    at = utc_text(context.now())
    outcome = Outcome(Status.FAILED, NOT_WRITTEN, str(error))
    if known and step.kind is Kind.DELIVERY:
        outcome = results.unproven(outcome)
    return replace(_blank(context, step, epoch), status=outcome.status, reason=outcome.reason,
                   message=outcome.message, started_at=at, finished_at=at)


def wait_s(attempt: int) -> float:
    """The seconds to wait before a retry: 1, 2, 4 and so on, at most 30. The first retry is 1."""
    return min(2.0 ** (attempt - 1), _LONGEST_WAIT_S)


def _made(
    context: RunContext,
    step: PlannedStep,
    record: RunRecord,
    place: StepDirectory,
    gate: Gate,
    sleep: Callable[[float], None],
) -> RunRecord:
    """The record with what became of the step, from the cache or from a run. Fault when it
    cannot even be tried."""
    resolved = resolve(context, step)
    identities = unaltered(context, resolved)
    checked = conforming(step, resolved)
    record = replace(record, inputs=resolved.manifest, inputs_digest=digest_of(resolved.manifest))
    try:
        taken = cache.take_result(context, step, record.inputs_digest, place.outputs)
    except Displaced as error:
        raise Fault(NOT_WRITTEN, str(error)) from error
    if taken is not None:
        return replace(
            record,
            status=Status.COMPLETED,
            outputs=taken.outputs,
            reason=taken.reason,
            message=taken.message,
            cached_from=str(taken.id),
            isolation="none: taken from the cache",
        )
    todo = replace(
        job(context, step, record.refund_epoch, resolved, checked, place=place),
        identities=identities,
        digest=record.inputs_digest,
    )
    record = replace(record, isolation=context.executor.isolation(network=todo.network))
    return _tried(context, step, record, place, todo, sleep, gate)


def _tried(
    context: RunContext,
    step: PlannedStep,
    record: RunRecord,
    place: StepDirectory,
    todo: Job,
    sleep: Callable[[float], None],
    gate: Gate,
) -> RunRecord:
    """Make attempts until one completes, fails permanently, or is the last."""
    attempt, began = 0, _arrived(context, step, record.refund_epoch, place)
    while True:
        try:
            permit = gate.permit(record.inputs)
            if isinstance(permit, Denied):
                return replace(record, **permit._asdict())
            doubt = record.reason == UNVERIFIED
            now = permitted(todo, permit, in_doubt=doubt) if step.kind is Kind.DELIVERY else todo
            began = True
            tried = _attempt(context, step, replace(record, attempts=attempt + 1), place, now)
            record, again = gate.ended(tried)
        except PlatformError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the order settles
            return _failed_by_us(context, step, record, place, error, began=began)
        if again:  # the provider was only asked, and its answer allows an attempt
            record = replace(record, status=Status.FAILED, reason="", message="")
            place.clear()
            continue
        if (
            record.status is not Status.FAILED
            or record.reason not in results.RETRYABLE
            or attempt == step.retries
        ):
            return record
        attempt += 1
        place.note(f"[attempt {attempt + 1}, {wait_s(attempt):g} s after: {record.reason}]\n")
        sleep(wait_s(attempt))
        place.clear()


def _arrived(context: RunContext, step: PlannedStep, epoch: int, place: StepDirectory) -> bool:
    """Whether an earlier run of this very work says that it arrived or may have, or was stopped
    in the middle."""
    last = context.record(step.id)
    return place.in_doubt or (
        last is not None and (last.task_hash, last.refund_epoch) == (step.task_hash, epoch)
        and (last.completed or last.reason in (UNVERIFIED, results.REPAIR_HELD)))


def _attempt(
    context: RunContext, step: PlannedStep, record: RunRecord, place: StepDirectory, todo: Job
) -> RunRecord:
    """The record of one attempt, after that of the one before."""
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


def _failed_by_us(
    context: RunContext,
    step: PlannedStep,
    record: RunRecord,
    place: StepDirectory,
    error: Exception,
    *,
    began: bool = False,
) -> RunRecord:
    """The record of a step at which the platform itself failed. `began`: its child was started."""
    redactor = Redactor(
        filter(None, (context.env.get(secret.name) for secret in step.contract.secrets))
    )
    place.note(redactor.text("".join(traceback.format_exception(error))))
    words = redactor.text(" ".join(f"{type(error).__name__}: {error}".split()))[:_WORDS]
    outcome = Outcome(
        Status.FAILED, "internal_error", f"{words}; the traceback is in the step's log"
    )
    if began and step.kind is Kind.DELIVERY:
        outcome = results.unproven(outcome)
    return replace(record, status=outcome.status, reason=outcome.reason, message=outcome.message)


def _with_outputs(
    context: RunContext,
    step: PlannedStep,
    record: RunRecord,
    place: StepDirectory,
    outcome: Outcome,
    todo: Job,
) -> RunRecord:
    """The record of one attempt: its outcome, and its outputs when they are what the contract says.
    """
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
            # not before: `collect` refuses links, which lead anywhere
            evidence = _receipt(step, place, redactor)
        except (Fault, OSError) as error:
            reason, words = (error.reason, str(error)) if isinstance(error, Fault) else (
                NOT_WRITTEN, f"an output cannot be read: {error.strerror}")
            outcome = Outcome(Status.FAILED, reason, words)
            # it said that it delivered; a wrong file beside that disproves nothing
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


def _receipt(step: PlannedStep, place: StepDirectory, redactor: Redactor) -> Mapping[str, Any]:
    """A delivery's receipt; nothing when it left none. Fault for one that cannot be kept as
    evidence."""
    port = step.contract.outputs.get(RECEIPT)
    if step.kind is not Kind.DELIVERY or port is None:
        return {}
    try:
        data = read_file(place.outputs / port.path, _RECEIPT_BYTES)
        receipt = jsontext.read_json(data)
        jsontext.require_writable(receipt, _RECEIPT_LEVELS)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Fault(NOT_WRITTEN, f"its receipt cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Fault("malformed_result", f"its receipt cannot be read: it {error}") from error
    if not isinstance(receipt, dict):
        raise Fault("malformed_result", "its receipt is not an object")
    return _redacted(receipt, redactor)


def _redacted(receipt: Mapping[str, Any], redactor: Redactor) -> Mapping[str, Any]:
    """A receipt without secrets."""
    clean: Mapping[str, Any] = redactor.value(receipt)
    written = json.dumps(clean, ensure_ascii=False)
    # it stands in several fields, and no field alone gives it away
    if redactor.text(written) != written:
        return {"note": "the receipt contained a secret and is left out"}
    return clean


def _blank(context: RunContext, step: PlannedStep, epoch: int) -> RunRecord:
    """The record of a step that has not started."""
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
