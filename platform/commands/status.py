"""`status`: what became of every order and step, and what would run now. Looks, changes nothing."""
import argparse

from platform.commands.common import add_json, add_order, add_places, open_session, show
from platform.model.ids import StepId
from platform.model.plan import PlannedOrder
from platform.report import status
from platform.run.current import current
from platform.run.records import step_dir
from platform.tasks.session import Session, known_orders


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Always 0: a status is an answer, not a verdict."""
    session = open_session(arguments)
    if arguments.tenant_id:
        session.only = frozenset(order for order in known_orders(session.root) if order.tenant_id == arguments.tenant_id
                                 and arguments.work_order_id in ("", order.work_order_id))
    orders = [_state(session, order) for order in session.plan.orders.values()]
    refused = {str(order): [str(problem) for problem in problems] for order, problems in session.plan.refused.items()}
    tenants = sorted({order.tenant_id for order in orders})
    balances = {tenant: session.ledger.book.balance(tenant) for tenant in tenants} if session.has_ledger else {}
    show(arguments, status.as_json(orders, refused, balances), status.as_text(orders, refused, balances))
    return 0


def _state(session: Session, order: PlannedOrder) -> status.OrderState:
    due = {planned.id.step_id: reasons[0] for planned in order.steps if (reasons := current(session.context, planned))}

    def folder(step_id: str) -> str:
        return session.shown(step_dir(session.runtime_dir, StepId(*order.id, step_id)))

    return status.order_state(order, session.runs(order), due, "", folder)
