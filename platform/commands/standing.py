"""The current state of orders, for the commands that show it.

It combines the plan, the records and the ledger into values of the report."""
from platform.app.order_record import order_file, read_order
from platform.app.run import Run
from platform.app.running import running_s
from platform.app.scope import ran_orders, require_records
from platform.config.folders import hidden
from platform.model.order_outcome import outcome
from platform.model.plan import PlannedOrder
from platform.publish.select import Purchase, select
from platform.report.past import PastOrder
from platform.report.quote_values import AGAIN
from platform.report.status import OrderState, StatusReport, order_state
from platform.run.current import current

_REFUSALS = ("not_enough_credits", "tenant_suspended", "order_limit_exceeded")


def standing(run: Run) -> StatusReport:
    """The state of every requested order, the orders with errors, and the balances. Read-only.

    StorageError if this user may not read the records."""
    orders = tuple(order_standing(run, order) for order in run.snapshot.plan.orders.values())
    refused = {
        str(order): tuple(map(str, problems))
        for order, problems in run.snapshot.plan.refused.items()
    }
    tenants = sorted({order.tenant_id for order in orders})
    balances = (
        {tenant: run.billing.history.book.balance(tenant) for tenant in tenants}
        if run.billing.exists
        else {}
    )
    return StatusReport(orders, refused, balances, past=past(run))


def past(run: Run) -> tuple[PastOrder, ...]:
    """Orders that ran on this machine and are now drafts, deleted or hidden, from the runtime
    directory."""
    found, scope = [], run.snapshot.scope
    unseen = {problem.subject for problem in hidden(run.workspace.root)}
    tenants = None if scope is None else {order_id.tenant_id for order_id in scope}
    for order_id in ran_orders(run.workspace, tenants):
        asked = scope is None or order_id in scope
        record = read_order(run.workspace.runtime_dir, order_id)
        if (
            asked
            and record
            and order_id not in run.snapshot.plan.orders
            and order_id not in run.snapshot.plan.refused
        ):
            state = "DRAFT" if order_id in run.snapshot.repo.orders else "DELETED"
            if unseen & {(), ("tenant", order_id.tenant_id)}:
                state = "UNREADABLE"  # nobody could look whether its file is there
            found.append(PastOrder(*order_id, state, record.status, record.reason, record.completed,
                                   len(record.task_hashes), record.finished_at))
    return tuple(found)


def awaiting(run: Run, tenant_id: str = "", work_order_id: str = "") -> tuple[Purchase, ...]:
    """Purchases that are not published yet, including those of deleted orders."""
    if not run.billing.exists:
        return ()
    book = run.billing.history.book
    return select(
        run.publishing.purchases(), book, tenant_id=tenant_id, work_order_id=work_order_id
    )


def order_standing(run: Run, order: PlannedOrder) -> OrderState:
    """The current state of one order of the plan. StorageError if its records cannot be read."""
    require_records(run.workspace.runtime_dir, order)
    due = {
        planned.id.step_id: reasons[0]
        for planned in order.steps
        if (reasons := current(run.context, planned))
    }
    for name in {step_id.step_id for step_id in run.holding.goes_again(order)} & due.keys():
        due[name] += f"; it may have arrived, and the next run {AGAIN}"
    folder = order_file(run.workspace.runtime_dir, order.id).parent
    running = {planned.id.step_id: seconds for planned in order.steps
               if (seconds := running_s(run.workspace.runtime_dir, planned.id)) is not None}
    runs, record = run.records.of_order(order), read_order(run.workspace.runtime_dir, order.id)
    refusal, words = _refusal(run, order) if due else ("", "")
    settled = (
        record is not None
        and record.status == "COMPLETED"
        and record.matches(order, outcome(order, runs))
    )
    return order_state(order, runs, due, refusal, run.workspace.shown(folder), running, settled,
                       run.holding.of(order), words, record.finished_at if record else "")


def _refusal(run: Run, order: PlannedOrder) -> tuple[str, str]:
    """The reason and words of the refusal of the order's last run, if the next run would be refused
    too; otherwise empty. An order that has not been tried yet is due, not refused."""
    record = read_order(run.workspace.runtime_dir, order.id)
    if record is None or record.reason not in _REFUSALS or not run.billing.exists:
        return "", ""
    reason, words = run.charges.refused_now(order.id)
    return (reason, words) if reason == record.reason else ("", "")
