"""Take one step of a run: it is current, refused, waiting, skipped, or it runs.

Its order is settled in every case."""
import sys

from platform.app import cancelling
from platform.app.gate import LedgerGate
from platform.app.holding import left_and_cancelled
from platform.app.order_work import begin
from platform.app.run import Run
from platform.errors import PlatformError
from platform.model.characters import printable
from platform.model.held import Held
from platform.model.ids import RUN_CHARGE, StepId
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.run import RunRecord, Status
from platform.owned import Displaced
from platform.run import ordered
from platform.run.current import current as reasons_to_run
from platform.run.permit import Open
from platform.run.step import run_step
from platform.run.step_not_run import cancel_step, fail_step, hold_step, skip_step, unkept_step

Values = dict[str, object]  # plain JSON, which doit stores for the task and the console prints
# The values of any task of an order that this pass of the run leaves for later.
LATER: Values = {"state": "LATER"}


def take(run: Run, planned: PlannedStep) -> Values:
    """Run one step, or record why it was skipped or how PLATFORM failed to run it.

    Returns:
        The step's `state`. If it has a record, also `reason`, `message`, `duration_s` (seconds),
        `cached_from`, `attempts` and `note`.

    Raises:
        PlatformError: nothing could be recorded.
    """
    try:
        return _taken(run, planned)
    except Displaced as error:
        return _shown(_unkept(run, planned, error)) if begin(run, planned.id.order) else LATER
    except PlatformError:
        raise
    except Exception as error:  # noqa: BLE001  after any error, the order must be settled
        if not begin(run, planned.id.order):
            return LATER
        record = _failed(run, planned, error)
        run.remember(record)
        return _shown(record)


def _failed(run: Run, planned: PlannedStep, error: Exception) -> RunRecord:
    """The record of a step that PLATFORM failed to run and that could not record this itself."""
    with run.billing.steady:
        epoch = run.billing.history.book.epoch(planned.task_hash, RUN_CHARGE)
        known = run.billing.history.book.fact(planned.task_hash, epoch) is not None
    return fail_step(run.context, planned, epoch, error, known=known)


def _unkept(run: Run, planned: PlannedStep, error: Displaced) -> RunRecord:
    """The record of a step whose results cannot be stored, because something else has their path.

    The exit status is 15. A record that is already in place remains, even if the order's data
    cannot be stored next to it."""
    run.statuses.append(error.exit_status)
    if planned.id in run.ended_here:
        sys.stderr.write(f"{printable(str(error))}\n")
        return run.ended_here[planned.id]
    with run.billing.steady:
        epoch = run.billing.history.book.epoch(planned.task_hash, RUN_CHARGE)
        known = run.billing.history.book.fact(planned.task_hash, epoch) is not None
    record = unkept_step(run.context, planned, epoch, error, known=known)
    run.remember(record, kept=False)
    return record


def _taken(run: Run, planned: PlannedStep) -> Values:
    """Check the step's own record first; doit's store is only a cache."""
    with run.billing.steady:
        values = _without_running(run, planned)
        epoch = (
            run.billing.history.book.epoch(planned.task_hash, RUN_CHARGE) if values is None else 0
        )
    if values is not None:
        return values
    run.history.tasks.step_began(planned.id)
    gate = LedgerGate(run, planned, epoch) if planned.kind is Kind.DELIVERY else Open()
    record = run_step(run.context, planned, epoch, gate=gate)
    run.remember(record)
    return _shown(record)


def _without_running(run: Run, planned: PlannedStep) -> Values | None:
    """The values of a step that is current, refused, waiting or skipped; None if it must run."""
    if not run.allowed.always and not reasons_to_run(run.context, planned):
        return {"state": "CURRENT"}
    was_ours = run.at_work.holds(planned.id.order)
    if not begin(run, planned.id.order):
        return LATER
    if not was_ours and not run.allowed.always and not reasons_to_run(run.context, planned):
        return {"state": "CURRENT"}  # another run has just done it
    if not run.charges.may_run(planned.id.order):
        return {"state": "REFUSED"}
    if last := run.records.newest(planned.id):
        # A run may have been killed after it wrote the record and before this.
        ordered.keep(run.workspace.runtime_dir, last)
    order = run.snapshot.plan.orders[planned.id.order]
    epoch = run.billing.history.book.epoch(planned.task_hash, RUN_CHARGE)
    if request := cancelling.request_for(run, planned):
        if cancelling.in_doubt(run, planned):
            return _waits(run, planned, epoch, left_and_cancelled(planned))
        record = cancel_step(run.context, planned, epoch, request.words)
        run.remember(record)
        return _shown(record)
    held = run.holding.own(planned)
    if held and not held.runs:
        return _waits(run, planned, epoch, held)
    if stopped_by := _stopped_by(run, planned):
        record = skip_step(run.context, planned, epoch, stopped_by)
        run.remember(record)
        return _shown(record)
    if planned.id.step_id in run.holding.unbought(order):
        # The decision for which it waited has just been made; the next run charges it.
        return {"state": "REFUSED"}
    return None


def _waits(run: Run, planned: PlannedStep, epoch: int, held: Held) -> Values:
    """A step that waits for a decision does not run. Its record of completed work is unchanged."""
    last = run.records.of_step(planned)
    if last is None:
        last = hold_step(run.context, planned, epoch, held.reason, held.words)
        run.remember(last)
    return {
        **_shown(last),
        "state": Status.NEEDS_DECISION.value,
        "reason": held.reason,
        "message": held.words,
    }


def _stopped_by(run: Run, planned: PlannedStep) -> str:
    """The upstream step that stops this one, or an empty text. In STRICT mode, the step before it
    is upstream too."""
    above = [run.snapshot.step(StepId(*planned.id.order, name)) for name in planned.upstream]
    records = {step.id.step_id: run.records.of_step(step) for step in above}
    return next(
        (name for name, record in records.items() if record is None or not record.completed), ""
    )


def _shown(record: RunRecord) -> Values:
    return {
        "state": record.status.value,
        "reason": record.reason,
        "message": record.message,
        "duration_s": record.duration_s,
        "cached_from": record.cached_from,
        "attempts": record.attempts,
        "note": str(record.evidence.get("note", "")),
    }
