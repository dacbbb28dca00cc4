"""`quote`: what the next run would do and charge, order by order and step by step. Looks, changes nothing."""
import argparse
import json
from pathlib import Path

from platform.app.holding import Allowed
from platform.app.quoted import quote_of
from platform.app.run import Asked, Run
from platform.app.scope import planned_or_told, scheduled, scope_of
from platform.app.snapshot import Snapshot
from platform.commands.common import (
    UNSEEN,
    add_decisions,
    add_json,
    add_order,
    add_places,
    open_workspace,
    show,
    tell_hidden,
)
from platform.errors import UsageError
from platform.files import write_atomic
from platform.model.ids import OrderId
from platform.model.utc import utc_text
from platform.report.quote_file import kept, render
from platform.report.quote_views import as_json, as_text

_INVALID = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="", metavar="TENANT[/ORDER]", help="a tenant, or one of its orders")
    add_places(parser)
    add_order(parser)
    parser.add_argument("--scheduled", action="store_true",
                        help="only orders with a schedule_cron: what `orchestrator --scheduled` would run")
    add_json(parser)
    add_decisions(parser)
    parser.add_argument("--save", default="", metavar="FILE",
                        help="also write the quote to FILE; `orchestrator --quote FILE` holds a run to it")


def run(arguments: argparse.Namespace) -> int:
    """0: everything has its price, also when credits do not cover it; 10: an order is invalid and has none, or a link
    hides orders; 14: the next run posts nothing, because the billing state was deleted or rolled back."""
    asked = _asked(arguments)
    workspace = open_workspace(arguments)
    scope = scope_of(workspace, *asked)
    if arguments.scheduled:
        scope = frozenset(scheduled(Snapshot(workspace, scope)))
    allowed = Allowed(retry_failed=arguments.retry_failed, resend_repaired=arguments.resend_repaired)
    run = Run.looking(workspace, Asked(scope, allowed=allowed))
    if asked.work_order_id and not arguments.scheduled:
        planned_or_told(run.snapshot, asked)
    if not run.sharing.awaits:  # the run brings it up to its release first
        run.guard.check()
    answer = quote_of(run)
    unseen = tell_hidden(asked.tenant_id)
    show(arguments, as_json(answer), as_text(answer) if answer.orders or not unseen else UNSEEN)
    if arguments.save:
        made_at = utc_text(run.snapshot.now)
        text = json.dumps(render(kept(answer, made_at, *asked)), indent=1) + "\n"
        write_atomic(Path.cwd() / arguments.save, text.encode())
    return _INVALID if run.snapshot.plan.refused or unseen else 0


def _asked(arguments: argparse.Namespace) -> OrderId:
    """The tenant and order that are asked for, by options or as one word; empty parts mean all."""
    tenant_id, _, work_order_id = arguments.what.partition("/")
    given = OrderId(arguments.tenant_id, arguments.work_order_id)
    if arguments.what and any(given):
        raise UsageError(f"{arguments.what}: name the orders once, as TENANT/ORDER or by the options")
    return OrderId(tenant_id, work_order_id) if arguments.what else given
