"""What `why` asks a run for: the facts of an order, and one item of the ledger. It looks and makes nothing."""
from typing import NamedTuple

from platform.app.quoted import quote_of
from platform.app.run import Run
from platform.app.scope import planned_or_told
from platform.app.unknown import no_such_task, step_cure
from platform.errors import UsageError
from platform.ledger.journal.record import Record
from platform.model.ids import OrderId, StepId
from platform.model.plan import PlannedOrder
from platform.report.bill import items_of
from platform.report.why import (
    ChargeWhy,
    Facts,
    OrderWhy,
    PublishWhy,
    StepWhy,
    charge_why,
    invalid_why,
    order_why,
    publish_why,
    step_why,
)
from platform.report.why_charge import CreditWhy, credit_why, found, items_of_transaction
from platform.run.current import reasons
from platform.run.ordered import ordered
from platform.run.records import record_file

KINDS = ("step", "workorder", "charge", "publish")


class Asked(NamedTuple):
    """A task of an order: its kind, its order and, of a step, its id."""

    kind: str
    order: OrderId
    step_id: str = ""


def asked(name: str) -> Asked:
    """`step:t/o/s`, `workorder:t/o`, `charge:t/o`, `publish:t/o`, and the first two without the kind. UsageError for
    any other form."""
    kind, colon, subject = name.rpartition(":")
    parts = subject.split("/")
    kind = kind if colon else "step" if len(parts) == 3 else "workorder"
    if kind not in KINDS or len(parts) != (3 if kind == "step" else 2) or not all(parts):
        raise UsageError(f"{name}: is no task of an order; write step:TENANT/ORDER/STEP, or workorder:, charge: or "
                         "publish: and TENANT/ORDER")
    return Asked(kind, OrderId(*parts[:2]), "".join(parts[2:]))


def why_task(run: Run, name: str) -> OrderWhy | StepWhy | ChargeWhy | PublishWhy:
    """Why of one task; UsageError for a task that there is not."""
    kind, order_id, step_id = asked(name)
    if order_id not in set(run.workspace.order_ids()):
        raise UsageError(no_such_task(run.snapshot, f"{kind}:{order_id}" + (f"/{step_id}" if step_id else "")))
    run = run.narrowed(frozenset({order_id}))
    planned_or_told(run.snapshot, order_id)
    if order_id in run.snapshot.plan.refused:
        return invalid_why(order_id, run.snapshot.plan.refused[order_id])
    if kind == "publish":
        return publish_why(order_id, run.publishing.due(order_id) if run.billing.exists else ())
    order = run.snapshot.plan.orders[order_id]
    step = run.snapshot.plan.step(StepId(*order_id, step_id))
    if kind == "step" and step is None:
        cure = step_cure(order_id, step_id, [each.id.step_id for each in order.steps])
        raise UsageError(f"there is no task step:{order_id}/{step_id}; {cure}")
    facts = _facts(run, order)
    if step is not None:
        return step_why(order, step, facts)
    return order_why(order, facts) if kind == "workorder" else charge_why(order, order.steps, facts)


def _facts(run: Run, order: PlannedOrder) -> Facts:
    refusal = quote_of(run).orders[0].refusal
    records = {step.id.step_id: record for step in order.steps if (record := run.records.newest(step.id))}
    return Facts({step.id.step_id: reasons(run.context, step) for step in order.steps}, records,
                 items_of(_records(run), order.id), refusal, run.holding.of(order))


def why_item(run: Run, item_id: str) -> CreditWhy:
    """One item of the ledger, explained. UsageError when no post has it."""
    records = _records(run)
    at = found(records, item_id)
    if at is None:
        items = items_of_transaction(records, item_id)
        if items is None:
            raise UsageError(f"{item_id}: no such item; transaction_items.csv has their ids in its first column")
        what = f"its items are {', '.join(items)}" if items else "it has no items: it charged nothing for any step"
        raise UsageError(f"{item_id}: is a transaction; {what}")
    record, row = at
    order_id = OrderId(record.post.tenant_id, record.post.work_order_id)
    step_id = StepId(*order_id, row.step_id)
    run = run.narrowed(frozenset({order_id}))
    step = run.snapshot.plan.step(step_id)
    task = ordered(run.workspace.runtime_dir, order_id, row.task_hash) or (
        step.manifest if step and step.task_hash == row.task_hash else {})  # today's plan, of what never ran
    return credit_why(records, record, row, run.snapshot.repo.prices, run.records.newest(step_id),
                      run.workspace.shown(record_file(run.workspace.runtime_dir, step_id)), task)


def _records(run: Run) -> list[Record]:
    return list(run.billing.ledger.records()) if run.billing.exists else []
