"""The answers of `why`: about a task of an order, and about one item of the ledger. Read-only."""

from platform.app.quoted import quote_of
from platform.app.run import Run
from platform.app.scope import require_planned
from platform.app.unknown_task import no_such_task, step_hint
from platform.errors import UsageError
from platform.ledger.journal.record import Record
from platform.model.characters import one_line
from platform.model.ids import OrderId, StepId
from platform.model.named import task_named
from platform.model.plan import PlannedOrder
from platform.model.task_name import TaskKind, TaskName
from platform.report.bill import items_of
from platform.report.why import (
    ChargeWhy,
    OrderFacts,
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


def asked(text: str) -> TaskName:
    """Parse the name of a task. UsageError if the text is not the name of an order's task."""
    try:
        return task_named(text)
    except ValueError as error:
        raise UsageError(f"{one_line(text)}: not a task of an order; write TENANT/ORDER[/STEP], "
                         "or charge: or publish: and TENANT/ORDER") from error


def why_task(run: Run, name: str) -> OrderWhy | StepWhy | ChargeWhy | PublishWhy:
    """Explain one task. UsageError if the task does not exist."""
    task = asked(name)
    order_id = task.order
    if order_id not in set(run.workspace.order_ids()):
        raise UsageError(no_such_task(run.snapshot, str(task)))
    run = run.narrowed(frozenset({order_id}))
    require_planned(run.snapshot, order_id)
    if order_id in run.snapshot.plan.refused:
        return invalid_why(order_id, run.snapshot.plan.refused[order_id])
    if task.kind is TaskKind.PUBLISH:
        return publish_why(order_id, run.publishing.due(order_id) if run.billing.exists else ())
    order = run.snapshot.plan.orders[order_id]
    step = run.snapshot.plan.step(task.step)
    if task.kind is TaskKind.STEP and step is None:
        hint = step_hint(order_id, task.step_id, [each.id.step_id for each in order.steps])
        raise UsageError(f"task {task} does not exist; {hint}")
    facts = _facts(run, order)
    if step is not None:
        return step_why(order, step, facts)
    return (
        order_why(order, facts)
        if task.kind is TaskKind.WORKORDER
        else charge_why(order, order.steps, facts)
    )


def _facts(run: Run, order: PlannedOrder) -> OrderFacts:
    refusal = quote_of(run).orders[0].refusal
    records = {
        step.id.step_id: record for step in order.steps if (record := run.records.newest(step.id))
    }
    return OrderFacts(
        {step.id.step_id: reasons(run.context, step) for step in order.steps},
        records,
        items_of(_records(run), order.id),
        refusal,
        run.holding.of(order),
    )


def why_item(run: Run, item_id: str) -> CreditWhy:
    """Explain one item of the ledger. UsageError if no post contains the item."""
    records = _records(run)
    at = found(records, item_id)
    if at is None:
        items = items_of_transaction(records, item_id)
        if items is None:
            raise UsageError(f"{item_id}: the item does not exist; the first column of "
                             "transaction_items.csv contains the ids")
        what = (f"its items are {', '.join(items)}" if items
                else "it has no items, because it charged no step")
        raise UsageError(f"{item_id}: this is a transaction; {what}")
    record, row = at
    order_id = OrderId(record.post.tenant_id, record.post.work_order_id)
    step_id = StepId(*order_id, row.step_id)
    run = run.narrowed(frozenset({order_id}))
    step = run.snapshot.plan.step(step_id)
    # For a step that never ran, use the current plan.
    task = ordered(run.workspace.runtime_dir, order_id, row.task_hash) or (
        step.spec if step and step.task_hash == row.task_hash else {})
    return credit_why(records, record, row, run.snapshot.repo.prices, run.records.newest(step_id),
                      run.workspace.shown(record_file(run.workspace.runtime_dir, step_id)), task)


def _records(run: Run) -> list[Record]:
    return list(run.billing.history.records()) if run.billing.exists else []
