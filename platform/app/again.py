"""The steps that `rerun` runs again. Read-only."""
from collections.abc import Collection, Iterator

from platform.app.run import Run
from platform.ledger.rules.attempts import REFUND_REASON
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
    """The planned steps below a name whose last run failed. `only`: those of them that are also in
    this list, or in it and interrupted."""
    for step in _below(run, asked):
        if only is not None and step.id not in only:
            continue
        last = run.records.of_step(step)
        held = run.holding.own(step) if run.billing.exists else None
        if held:
            failed = held.reason not in _NO_FAILURE
        elif last is None:  # not in this form: it was edited since, for example to correct it
            before = run.records.newest(step.id)
            failed = (only is not None and step.id in only) or (
                before is not None and before.status is Status.FAILED
            )
        else:
            failed = last.status is Status.FAILED and last.reason not in _NO_FAILURE
        if failed:
            yield step.id


def not_done(run: Run, asked: Named) -> Iterator[StepId]:
    """The planned steps below a name that a run would run, or that wait for a person."""
    for step in _below(run, asked):
        held = run.holding.own(step) if run.billing.exists else None
        if current(run.context, step) or (held and held.reason not in (UNVERIFIED, REPAIR_HELD)):
            yield step.id


def _below(run: Run, asked: Named) -> Iterator[PlannedStep]:
    for order in run.snapshot.plan.orders.values():
        for step in order.steps:
            if all(want in ("", own) for want, own in zip(asked, step.id, strict=True)):
                yield step
