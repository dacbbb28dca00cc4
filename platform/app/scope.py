"""Which orders a command that looks is about: all, a tenant's, or one; and what to say of a name that is none."""
from platform.app.snapshot import Scope, Snapshot
from platform.app.workspace import Workspace
from platform.check.words import suggestion
from platform.config.folders import hidden, tenant_names
from platform.errors import InputError, UsageError
from platform.model.ids import OrderId


def scope_of(workspace: Workspace, tenant_id: str = "", work_order_id: str = "", *, past: bool = False) -> Scope | None:
    """The orders that are asked for by a tenant and an order; empty texts mean all. `past`: an order that ran here and
    was deleted may be named too.

    Raises:
        UsageError: a name that no directory or file has, or an order without its tenant.
        InputError: a link hides the tenant's orders, the one that is asked for among them.
    """
    if not tenant_id:
        if work_order_id:
            raise UsageError("--work-order-id needs --tenant-id; a work order is named by both")
        return None
    tenants = set(tenant_names(workspace.root))
    own = [order for order in workspace.order_ids() if order.tenant_id == tenant_id]
    if past:
        own = list(dict.fromkeys([*own, *(order for order in ran_orders(workspace) if order.tenant_id == tenant_id)]))
        tenants |= {order.tenant_id for order in own}
    if tenant_id not in tenants:
        raise UsageError(f"{tenant_id}: no such tenant; {suggestion(tenant_id, tenants, 'see tenants/')}")
    order_id = OrderId(tenant_id, work_order_id)
    if work_order_id and order_id not in own:
        if wrong := hidden(workspace.root, tenant_id):
            raise InputError(wrong)
        names = [order.work_order_id for order in own]
        raise UsageError(f"{order_id}: no such work order; {suggestion(work_order_id, names, 'see workorders/')}")
    return frozenset([order_id] if work_order_id else own)


def ran_orders(workspace: Workspace) -> list[OrderId]:
    """The orders that have a record of a run here, also those that are drafts now or were deleted."""
    return [OrderId(file.parent.parent.name, file.parent.name)
            for file in sorted(workspace.runtime_dir.glob("*/*/order.json"))]


def scheduled(snapshot: Snapshot) -> tuple[OrderId, ...]:
    """Of the snapshot's orders those that a clock starts: enabled, with a schedule; and those that cannot be read, so
    that their errors are printed."""
    return (*(order.id for order in snapshot.repo.orders.values() if order.enabled and order.schedule_cron),
            *snapshot.repo.unreadable)


def planned_or_told(snapshot: Snapshot, order_id: OrderId) -> None:
    """UsageError when one order that was asked for is a draft: there is nothing to say of what never runs."""
    if order_id not in snapshot.plan.orders and order_id not in snapshot.plan.refused:
        message = f"{order_id}: is a draft and never runs; set enabled: true, or remove the field"
        raise UsageError(with_warnings(snapshot, order_id, message))


def with_warnings(snapshot: Snapshot, draft: OrderId, message: str) -> str:
    """A message about a draft, below the warnings about that draft; a run does not print them otherwise."""
    about = ("order", *draft)
    return "\n".join([*(str(problem) for problem in snapshot.problems if problem.subject == about), message])
