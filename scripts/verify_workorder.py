"""One work order from quote to delivery, in throw-away folders: nobody is charged, nobody gets mail."""
import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.app.session import Session
from platform.cli import script
from platform.commands.common import add_json, add_places, open_session
from platform.errors import InputError, UsageError
from platform.model.ids import OrderId
from platform.verify import sequence
from platform.verify.verdict import Check, tell


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--tenant-id", required=True, metavar="ID", help="whose order")
    parser.add_argument("--work-order-id", required=True, metavar="ID", help="which of its orders")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every check is ok, 1 otherwise; 10 when something is wrong with the order, 2 when it is not there."""
    session = open_session(arguments)
    order = OrderId(arguments.tenant_id, arguments.work_order_id)
    session.only = frozenset({order})
    return 0 if tell(str(order), _checks(session, order), arguments.json) else 1


def _checks(session: Session, order: OrderId) -> Iterator[Check]:
    if refused := session.plan.refused.get(order):
        raise InputError(refused)
    if order not in session.plan.orders:
        raise UsageError(f"{order}: not an enabled work order; see `doit list --all`")
    methods = sorted(name for name, method in session.repo.topup_methods.items() if method.enabled)
    yield from sequence.one_order(session.root, session.root / session.options.runtime_profile, order,
                                  session.plan.orders[order].total_credits, methods[0] if methods else "")


if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
