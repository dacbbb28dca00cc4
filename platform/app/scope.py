"""The orders that a read-only command selects, and the errors for names that do not exist."""
from platform.app.snapshot import Scope, Snapshot
from platform.app.workspace import Workspace
from platform.check.words import suggestion
from platform.config.folders import hidden, tenant_names
from platform.errors import InputError, UsageError
from platform.model.ids import OrderId


def scope_of(
    workspace: Workspace, tenant_id: str = "", work_order_id: str = "", *, past: bool = False
) -> Scope | None:
    """The orders that a tenant id and a work order id select. An empty id means all.

    `past`: also accept an order that ran on this machine and was deleted.

    Raises:
        UsageError: an id does not exist, or an order is given without its tenant.
        InputError: a symbolic link hides the tenant's orders, including the requested one.
    """
    if not tenant_id:
        if work_order_id:
            raise UsageError("--work-order-id needs --tenant-id; give both")
        return None
    tenants = set(tenant_names(workspace.root))
    own = [order for order in workspace.order_ids() if order.tenant_id == tenant_id]
    if past:
        own = list(
            dict.fromkeys(
                [*own, *(order for order in ran_orders(workspace) if order.tenant_id == tenant_id)]
            )
        )
        tenants |= {order.tenant_id for order in own}
    if tenant_id not in tenants:
        raise UsageError(
            f"{tenant_id}: no such tenant; {suggestion(tenant_id, tenants, 'see tenants/')}"
        )
    order_id = OrderId(tenant_id, work_order_id)
    if work_order_id and order_id not in own:
        if wrong := hidden(workspace.root, tenant_id):
            raise InputError(wrong)
        names = [order.work_order_id for order in own]
        raise UsageError(
            f"{order_id}: no such work order; {suggestion(work_order_id, names, 'see workorders/')}"
        )
    return frozenset([order_id] if work_order_id else own)


def ran_orders(workspace: Workspace) -> list[OrderId]:
    """The orders with an order record on this machine, including drafts and deleted orders."""
    return [OrderId(file.parent.parent.name, file.parent.name)
            for file in sorted(workspace.runtime_dir.glob("*/*/order.json"))]


def scheduled(snapshot: Snapshot) -> tuple[OrderId, ...]:
    """The snapshot's orders that a clock starts: the enabled orders with a schedule, and the
    unreadable orders, so that the run prints their errors."""
    return (
        *(
            order.id
            for order in snapshot.repo.orders.values()
            if order.enabled and order.schedule_cron
        ),
        *snapshot.repo.unreadable,
    )


def require_planned(snapshot: Snapshot, order_id: OrderId) -> None:
    """UsageError if the requested order is a draft, because a draft does not run."""
    if order_id not in snapshot.plan.orders and order_id not in snapshot.plan.refused:
        message = f"{order_id}: is a draft and does not run; set enabled: true, or remove the field"
        raise UsageError(with_warnings(snapshot, order_id, message))


def with_warnings(snapshot: Snapshot, draft: OrderId, message: str) -> str:
    """The warnings about a draft, followed by a message about it. Runs do not print such
    warnings."""
    about = ("order", *draft)
    return "\n".join(
        [*(str(problem) for problem in snapshot.problems if problem.subject == about), message]
    )
