"""Run one step: resolve its inputs, look in the cache, make attempts, check the outputs against the
contract, and move outputs and record into place together.

A failure is an outcome with a record, not an exception.
"""
import time
from collections.abc import Callable
from dataclasses import replace

from platform.errors import PlatformError
from platform.model.digest import digest_of
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.reasons import UNVERIFIED
from platform.model.run import RunRecord, Status
from platform.model.utc import utc_text
from platform.owned import Displaced
from platform.ports.executor import Job
from platform.run import cache, results
from platform.run.attempt import attempt
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.inputs import conforming, resolve, unaltered
from platform.run.job import job, permitted
from platform.run.outputs import NOT_WRITTEN
from platform.run.permit import Denied, Gate, Open
from platform.run.step_directory import StepDirectory, fresh_directory
from platform.run.step_record import arrived, failed_by_platform, new_record

_LONGEST_WAIT_S = 30.0
_OPEN = Open()


def run_step(
    context: RunContext,
    step: PlannedStep,
    epoch: int,
    sleep: Callable[[float], None] = time.sleep,
    *,
    gate: Gate = _OPEN,
) -> RunRecord:
    """Run a step, and move its outputs, log and record into place.

    Args:
        epoch: the number of refunds of the step.
        sleep: waits a number of seconds before a retry.
        gate: permits each attempt of a delivery, and posts its result to the ledger.

    Returns:
        The record, also of a step that failed.

    Raises:
        StorageError: the disk refuses the record.
        ForbiddenError: this machine lacks an isolation that the profile demands.
        PlatformError: the run was stopped. The old record remains, and there is none of this run.
    """
    with fresh_directory(
        context.runtime_dir, step.id, leave_trace=step.kind is Kind.DELIVERY
    ) as place:
        try:
            return _published(context, step, epoch, place, gate, sleep)
        except BaseException:
            context.stopped(step.id)  # its log still exists
            raise


def _published(
    context: RunContext,
    step: PlannedStep,
    epoch: int,
    place: StepDirectory,
    gate: Gate,
    sleep: Callable[[float], None],
) -> RunRecord:
    started = context.now()
    record = replace(new_record(context, step, epoch), started_at=utc_text(started))
    try:
        record = _made(context, step, record, place, gate, sleep)
    except Fault as fault:
        record = replace(record, status=Status.FAILED, reason=fault.reason, message=str(fault))
    except PlatformError:
        raise
    except Exception as error:  # noqa: BLE001  after any error, the order must be settled
        record = failed_by_platform(
            context, step, record, place, error, began=arrived(context, step, epoch, place)
        )
    ended = context.now()
    record = replace(
        record,
        finished_at=utc_text(ended),
        duration_s=round((ended - started).total_seconds(), 3),
    )
    if not record.completed:
        place.clear()  # no other step may use its outputs
    try:
        cache.keep(context, step, record, place.outputs)
    except Displaced as error:
        record = replace(
            record, status=Status.FAILED, reason=NOT_WRITTEN, message=str(error), outputs=()
        )
        place.clear()
    place.publish(record)
    return record


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
    """The record with the step's result, from the cache or from attempts.

    Fault: the step cannot be tried.
    """
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
    retries, began = 0, arrived(context, step, record.refund_epoch, place)
    while True:
        try:
            permit = gate.permit(record.inputs)
            if isinstance(permit, Denied):
                return replace(record, **permit._asdict())
            doubt = record.reason == UNVERIFIED
            now = permitted(todo, permit, in_doubt=doubt) if step.kind is Kind.DELIVERY else todo
            began = True
            tried = attempt(context, step, replace(record, attempts=retries + 1), place, now)
            record, again = gate.ended(tried)
        except PlatformError:
            raise
        except Exception as error:  # noqa: BLE001  after any error, the order must be settled
            return failed_by_platform(context, step, record, place, error, began=began)
        if again:  # the provider was only asked, and its answer allows an attempt
            record = replace(record, status=Status.FAILED, reason="", message="")
            place.clear()
            continue
        if (
            record.status is not Status.FAILED
            or record.reason not in results.RETRYABLE
            or retries == step.retries
        ):
            return record
        if todo.stop and todo.stop.exists():
            return record  # a person had it stopped: no attempt follows
        retries += 1
        place.note(f"[attempt {retries + 1}, {wait_s(retries):g} s after: {record.reason}]\n")
        sleep(wait_s(retries))
        place.clear()
