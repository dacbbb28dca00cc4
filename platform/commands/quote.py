"""`quote`: print what the next run would do and charge, for each order and step. Read-only."""
import argparse
import json
from pathlib import Path

from platform.app.holding import Allowed
from platform.app.quoted import quote_of
from platform.app.run import Asked, Run
from platform.app.scope import require_planned, scheduled, scope_of
from platform.app.snapshot import Snapshot
from platform.commands.common import (
    UNSEEN,
    add_decisions,
    add_json,
    add_order,
    add_places,
    open_workspace,
    report_hidden,
    show,
)
from platform.errors import UsageError
from platform.files import write_output
from platform.model.ids import OrderId
from platform.model.utc import utc_text
from platform.report.quote_file import kept, render
from platform.report.quote_views import as_json, as_text

_INVALID = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="", metavar="TENANT[/ORDER]",
                        help="a tenant, or one of its orders")
    add_places(parser)
    add_order(parser)
    parser.add_argument("--scheduled", action="store_true",
                        help="only orders with a schedule_cron, which `orchestrator --scheduled` "
                             "runs")
    add_json(parser)
    add_decisions(parser)
    parser.add_argument("--save", default="", metavar="FILE",
                        help="also write the quote to FILE, for `orchestrator --quote FILE`")


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: everything has a price, even if the credits do not cover it.
    * 10: an order has errors and no price, or a symbolic link hides orders.
    * 14: the billing state was deleted or rolled back, so the next run posts nothing."""
    asked = _asked(arguments)
    workspace = open_workspace(arguments)
    scope = scope_of(workspace, *asked)
    if arguments.scheduled:
        scope = frozenset(scheduled(Snapshot(workspace, scope)))
    allowed = Allowed(
        retry_failed=arguments.retry_failed, resend_repaired=arguments.resend_repaired
    )
    run = Run.looking(workspace, Asked(scope, allowed=allowed))
    if asked.work_order_id and not arguments.scheduled:
        require_planned(run.snapshot, asked)
    if not run.sharing.awaits:  # a run hydrates the state first
        run.guard.check()
    answer = quote_of(run)
    unseen = report_hidden(arguments, asked.tenant_id)
    show(arguments, as_json(answer), as_text(answer) if answer.orders or not unseen else UNSEEN)
    if arguments.save:
        made_at = utc_text(run.snapshot.now)
        text = json.dumps(render(kept(answer, made_at, *asked)), indent=1) + "\n"
        write_output(Path.cwd() / arguments.save, text.encode())
    return _INVALID if run.snapshot.plan.refused or unseen else 0


def _asked(arguments: argparse.Namespace) -> OrderId:
    """The tenant and order from the options or the argument. An empty part means all."""
    tenant_id, _, work_order_id = arguments.what.partition("/")
    given = OrderId(arguments.tenant_id, arguments.work_order_id)
    if arguments.what and any(given):
        raise UsageError(f"{arguments.what}: the orders are named twice; use either TENANT/ORDER "
                         "or the options")
    return OrderId(tenant_id, work_order_id) if arguments.what else given
