"""Which orders a command that looks is about: all, a tenant's, or one; and what to say of a name that is none."""
from platform.app.session import Session, known_orders
from platform.check.words import meant
from platform.config.folders import tenant_names
from platform.errors import UsageError
from platform.model.ids import OrderId


def narrow(session: Session, tenant_id: str = "", work_order_id: str = "", *, past: bool = False) -> None:
    """Let the session read only the orders that are asked for; empty means all. UsageError for a name that no folder
    or file has, and for an order without its tenant. `past`: an order that ran here and is gone may be named too."""
    if not tenant_id:
        if work_order_id:
            raise UsageError("--work-order-id needs --tenant-id; a work order is named by both")
        return
    tenants = set(tenant_names(session.root))
    own = [order for order in known_orders(session.root) if order.tenant_id == tenant_id]
    if past:
        own = list(dict.fromkeys([*own, *(order for order in ran_orders(session) if order.tenant_id == tenant_id)]))
        tenants |= {order.tenant_id for order in own}
    if tenant_id not in tenants:
        raise UsageError(f"{tenant_id}: no such tenant; {meant(tenant_id, tenants, 'see tenants/')}")
    order_id = OrderId(tenant_id, work_order_id)
    if work_order_id and order_id not in own:
        names = [order.work_order_id for order in own]
        raise UsageError(f"{order_id}: no such work order; {meant(work_order_id, names, 'see workorders/')}")
    session.only = frozenset([order_id] if work_order_id else own)


def ran_orders(session: Session) -> list[OrderId]:
    """The orders that have a record of a run here, also those that are drafts now or gone."""
    return [OrderId(file.parent.parent.name, file.parent.name)
            for file in sorted(session.runtime_dir.glob("*/*/order.json"))]


def scheduled(session: Session) -> tuple[OrderId, ...]:
    """Of the orders that the session is about, those that a clock starts: enabled, with a schedule; and those that
    cannot be read, so that this is told."""
    return (*(order.id for order in session.repo.orders.values() if order.enabled and order.schedule_cron),
            *session.repo.unreadable)


def planned_or_told(session: Session, order_id: OrderId) -> None:
    """UsageError when one order that was asked for is a draft: there is nothing to say of what never runs."""
    if order_id not in session.plan.orders and order_id not in session.plan.refused:
        message = f"{order_id}: is a draft and never runs; set enabled: true, or remove the field"
        raise UsageError(with_warnings(session, order_id, message))


def with_warnings(session: Session, draft: OrderId, message: str) -> str:
    """A message about a draft, below the warnings about that draft; a run does not print them otherwise."""
    about = ("order", *draft)
    return "\n".join([*(str(problem) for problem in session.problems if problem.subject == about), message])
