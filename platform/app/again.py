"""The steps that `rerun` runs again. Read-only."""
from collections.abc import Collection, Iterator

from platform.app.run import Run
from platform.ledger.rules.attempts import REFUND_REASON
from platform.ledger.rules.tables import Fact
from platform.model.ids import StepId
from platform.model.named import Named
from platform.model.plan import PlannedStep
from platform.model.reasons import CANCELLED, UNVERIFIED
from platform.model.run import Status
from platform.run.current import current
from platform.run.results import REPAIR_HELD

# What waits for a person's answer about a delivery, or was stopped by one, did not fail.
_NO_FAILURE = frozenset({UNVERIFIED, REPAIR_HELD, REFUND_REASON, CANCELLED})


def still_failed(
    run: Run, asked: Named, only: Collection[StepId] | None = None
) -> Iterator[StepId]:
    """The planned steps below a name whose last run failed, or that are paid for and not done
    because their run was killed. `only`: those of them that are also in this list."""
    for step in _below(run, asked):
        if only is not None and step.id not in only:
            continue
        last = run.records.of_step(step)
        held = run.holding.own(step) if run.billing.exists else None
        if held:
            failed = held.reason not in _NO_FAILURE
        elif last is None:  # the step was edited since it ran, for example to correct it
            before = run.records.newest(step.id)
            failed = (only is not None and step.id in only) or _is_owed(run, step) or (
                before is not None and before.status is Status.FAILED
            )
        else:
            failed = (last.status is Status.FAILED and last.reason not in _NO_FAILURE) or (
                last.status is Status.SKIPPED and _is_owed(run, step))
        if failed:
            yield step.id


def not_done(run: Run, asked: Named) -> Iterator[StepId]:
    """The planned steps below a name that a run would run, or that wait for a person."""
    for step in _below(run, asked):
        held = run.holding.own(step) if run.billing.exists else None
        if current(run.context, step) or (held and held.reason not in (UNVERIFIED, REPAIR_HELD)):
            yield step.id


def _is_owed(run: Run, step: PlannedStep) -> bool:
    """Whether the step, in this form or an earlier one, is paid for and has no outcome. A run that
    was killed leaves such a step without a record."""
    if not run.billing.exists:
        return False
    book, newest = run.billing.history.book, run.records.newest(step.id)
    done = newest.task_hash if newest and newest.completed else ""
    return any(
        item.step_id == step.id.step_id and item.task_hash != done
        and book.fact(item.task_hash, item.refund_epoch) is not Fact.DONE
        for item in book.open_items(step.id.order))


def _below(run: Run, asked: Named) -> Iterator[PlannedStep]:
    for order in run.snapshot.plan.orders.values():
        for step in order.steps:
            if asked.covers(step.id):
                yield step
