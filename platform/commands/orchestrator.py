"""`orchestrator`: `doit run` with the same dodo.py and other directories. It publishes nothing."""
import argparse
from pathlib import Path

from platform.app.scope import scheduled, scope_of
from platform.app.snapshot import Snapshot
from platform.commands.common import (
    add_decisions,
    add_json,
    add_order,
    add_places,
    named,
    open_workspace,
    report_hidden,
    show,
)
from platform.commands.launch import launch
from platform.commands.quote import dry_run
from platform.errors import InputError
from platform.model.ids import OrderId
from platform.model.named import Named
from platform.model.task_name import TaskKind, order_task, step_task

# of a run that did not begin; as `doit_plugin.json_report` writes it
NOTHING = {
    "invocation_id": "",
    "exit_status": 0,
    "errors": [],
    "charged_credits": 0,
    "refunded_credits": 0,
    "added_credits": 0,
    "orders": [],
    "tasks": [],
    "out": "",
    "err": "",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--scheduled", action="store_true",
                        help="only orders with a schedule_cron, for a clock to start; each order "
                             "is due once per period")
    parser.add_argument("--quote", default="", metavar="FILE",
                        help="refuse (11) unless the run will post exactly what this saved quote "
                             "says; without --tenant-id, run the quoted orders")
    add_decisions(parser)
    add_json(parser)
    parser.add_argument("--dry-run", action="store_true",
                        help="print the quote of what would run; run and write nothing")
    parser.add_argument(
        "-n", "--jobs", type=int, default=0, metavar="N", help="run up to N steps at once"
    )


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: every order is COMPLETED.
    * 2: an id is unknown.
    * 10: a symbolic link hides requested orders.
    * Otherwise the status of `doit run`."""
    from platform.app.quoted import read_quote

    asked = named(arguments)
    if arguments.quote and not any(asked):
        quoted = read_quote(Path.cwd() / arguments.quote, arguments.quote)
        asked = Named(quoted.tenant_id, quoted.work_order_id)
    tasks = _scheduled(arguments, asked.order) if arguments.scheduled else _tasks(asked)
    # A run of all orders reports hidden orders itself, in its task `check`.
    unseen = (arguments.scheduled or any(asked)) and report_hidden(arguments, asked.tenant_id)
    if unseen and (not tasks or not arguments.scheduled):
        return InputError.exit_status
    if asked.tenant_id:
        scope_of(open_workspace(arguments), asked.tenant_id)  # in the words of other commands
    if arguments.scheduled and not tasks:
        show(arguments, NOTHING, "no enabled work order has a schedule_cron; nothing was run")
        return 0
    if arguments.dry_run:
        return dry_run(arguments, asked)
    variables = {"quote": str(Path.cwd() / arguments.quote) if arguments.quote else ""}
    jobs = ["-n", str(arguments.jobs)] if arguments.jobs else []
    decided = [f"--{name}" for name in ("retry-failed", "resend-repaired")
               if getattr(arguments, name.replace("-", "_"))]
    form = ["-r", "json"] if arguments.json else []
    status = launch(arguments, tasks, [*form, *jobs, *decided], variables)
    return max(status, InputError.exit_status) if unseen else status


def _scheduled(arguments: argparse.Namespace, asked: OrderId) -> list[str]:
    """The tasks of enabled orders with a schedule. Orders with errors are included: the run reports
    them."""
    workspace = open_workspace(arguments)
    snapshot = Snapshot(workspace, scope_of(workspace, *asked))
    return [order_task(TaskKind.WORKORDER, order_id) for order_id in scheduled(snapshot)]


def _tasks(asked: Named) -> list[str]:
    """The task or the pattern of tasks that a name means; none for all orders."""
    if asked.step_id:
        return [step_task(asked.step)]
    if asked.tenant_id:
        return [order_task(TaskKind.WORKORDER, asked.order._replace(
            work_order_id=asked.work_order_id or "*"))]
    return []
