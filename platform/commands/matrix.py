"""`workflow-matrix`: print a workflow's matrix as a line `legs=[...]`, for GITHUB_OUTPUT.

Each tenant with enabled orders is a leg; a chosen order is the only leg."""
import argparse
import json
import sys
from collections.abc import Iterable

from platform import called
from platform.check.words import choices
from platform.commands.common import add_places, open_run
from platform.errors import UsageError
from platform.model.ids import OrderId

ALL = ("", "all")  # a schedule sends no value
MOST_JOBS = 256  # the jobs that GitHub makes of one matrix


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--tenant-id", default="", metavar="ID",
                        help="this tenant only (default: all)")
    parser.add_argument("--work-order", default="", metavar="TENANT/ORDER", help="this order only")
    parser.add_argument("--scheduled", action="store_true",
                        help="leave out tenants without a schedule_cron")


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the line is printed. Without orders, it is `legs=[]`.
    * 2: the tenant or order does not exist or is not enabled, or there are too many tenants."""
    snapshot = open_run(arguments).snapshot
    orders = [*snapshot.plan.orders, *snapshot.plan.refused]
    if arguments.scheduled:
        scheduled = {order.id for order in snapshot.repo.orders.values() if order.schedule_cron}
        orders = [order for order in orders if order in scheduled]
    line = json.dumps(legs(orders, arguments.tenant_id.strip(), arguments.work_order.strip()))
    sys.stdout.write(f"legs={line}\n")
    return 0


def legs(orders: Iterable[OrderId], tenant_id: str, work_order: str) -> list[dict[str, str]]:
    """What each job of the matrix runs; an empty `work_order_id` means all of the tenant's.

    Raises:
        UsageError: the tenant or order is not among `orders`; the message names the nearest ones.
            Or there are more tenants than a matrix has jobs.
    """
    orders = sorted(orders)
    if work_order not in ALL:
        if chosen := [order for order in orders if str(order) == work_order]:
            return [chosen[0]._asdict()]
        raise UsageError(f"order {work_order!r} is not an enabled work order; "
                         f"{choices(work_order, map(str, orders))}")
    tenants = sorted({order.tenant_id for order in orders})
    if tenant_id not in ALL:
        if tenant_id not in tenants:
            raise UsageError(f"tenant {tenant_id!r} has no enabled work order; "
                             f"{choices(tenant_id, tenants)}")
        tenants = [tenant_id]
    if len(tenants) > MOST_JOBS:
        raise UsageError(f"{len(tenants)} tenants are more than the {MOST_JOBS} jobs of a matrix; "
                         f"name one, or run `{called.command('orchestrator')}`, which has no such "
                         "limit")
    return [OrderId(name, "")._asdict() for name in tenants]
