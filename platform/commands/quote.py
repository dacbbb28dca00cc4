"""`quote`: print what the next run would do and charge, for each order and step. Read-only."""
import argparse
import json
import sys
from pathlib import Path

from platform.app.holding import Allowed
from platform.app.quoted import hold, quote_of
from platform.app.run import Asked, Run
from platform.app.scope import require_planned, require_step, scheduled, scope_of
from platform.app.snapshot import Snapshot
from platform.commands.common import (
    UNSEEN,
    add_decisions,
    add_json,
    add_order,
    add_places,
    named,
    open_workspace,
    report_hidden,
    show,
)
from platform.files import write_output
from platform.model.named import Named
from platform.model.utc import utc_text
from platform.report.quote_file import kept, render
from platform.report.quote_views import as_json, as_text

_INVALID = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
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
    return _quote(arguments, named(arguments), arguments.save)


def dry_run(arguments: argparse.Namespace, name: Named) -> int:
    """What `orchestrator` would do, as its quote. With --quote, ConflictError as the run would
    raise it."""
    status = _quote(arguments, name)
    if arguments.quote:
        workspace = open_workspace(arguments)
        run = Run.looking(workspace, Asked(scope_of(workspace, *name.order)))
        hold(run, str(Path.cwd() / arguments.quote))
    return status


def _quote(arguments: argparse.Namespace, name: Named, save: str = "") -> int:
    asked = name.order
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
        if name.step_id:
            require_step(run, name)
            sys.stderr.write(f"a step is bought with its order; this is the quote of {asked}\n")
    if not run.sharing.awaits:  # a run hydrates the state first
        run.guard.check()
    answer = quote_of(run)
    unseen = report_hidden(arguments, asked.tenant_id)
    text = as_text(answer) if answer.orders or not unseen else UNSEEN
    if arguments.scheduled and not answer.orders and not unseen:
        text = "no enabled work order has a schedule_cron: nothing would be charged"
    show(arguments, as_json(answer), text)
    if save:
        made_at = utc_text(run.snapshot.now)
        data = json.dumps(render(kept(answer, made_at, *asked)), indent=1) + "\n"
        write_output(Path.cwd() / save, data.encode())
    return _INVALID if run.snapshot.plan.refused or unseen else 0
