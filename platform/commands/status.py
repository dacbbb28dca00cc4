"""`status`: print the state of every order and step, and what the next run would do. Read-only."""
import argparse
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from platform.app.run import Run
from platform.commands.common import (
    UNSEEN,
    add_json,
    add_order,
    add_places,
    add_since,
    named,
    open_scope,
    report_hidden,
    show,
    since_moment,
    state_status,
)
from platform.commands.standing import awaiting, standing
from platform.errors import InputError, UsageError
from platform.model.utc import utc_text
from platform.report.status import StatusReport, as_text
from platform.report.status_summary import as_lines, needs_attention, order_summary

if TYPE_CHECKING:
    from rich.console import RenderableType

_REDRAW_S = 1.0
NONE = "no such order"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--due", action="store_true",
                        help="only orders for which the next run has work")
    parser.add_argument("--watch", action="store_true",
                        help="update the display every second until Ctrl-C; needs a terminal")
    parser.add_argument("--publish", action="store_true",
                        help="also show purchases that are not published yet")
    parser.add_argument("--failed", action="store_true",
                        help="only orders that failed, wait for a decision, or have errors")
    add_since(parser, "only orders that ran at this time or later")
    parser.add_argument("--summary", action="store_true",
                        help="counts on one screen, and the orders that failed or wait")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: everything was read, even if orders failed.
    * 10: a file or directory cannot be read, or a symbolic link hides orders.
    * 14: the billing state is not the one that was used before.
    * 15: this user may not read the records in the runtime directory."""
    if arguments.watch:
        return _watch(arguments)
    run, status = _look(arguments)
    seen = status.orders or status.refused or status.past
    unread = report_hidden(arguments, named(arguments).tenant_id, run.snapshot.problems)
    unseen = unread and not seen
    if arguments.json or not sys.stdout.isatty():
        result = (order_summary(status) if arguments.summary else status).as_json()
        show(arguments, result, UNSEEN if unseen else _text(arguments, status))
    else:
        from rich.console import Console

        Console(highlight=False).print(_drawn(arguments, status))
    return state_status(run) or (InputError.exit_status if unread else 0)


def _look(arguments: argparse.Namespace) -> tuple[Run, StatusReport]:
    asked = named(arguments)
    run = open_scope(arguments, asked, past=True)
    status = standing(run)
    if asked.step_id:
        status = status.of_step(asked.step_id)
    if arguments.due:
        status = replace(status, orders=tuple(order for order in status.orders if order.due))
    if arguments.failed:
        status = replace(status, orders=tuple(filter(needs_attention, status.orders)), past=())
    if arguments.since is not None:
        status = _ran_since(status, utc_text(since_moment(arguments.since)))
    if not arguments.publish:
        return run, status
    return run, replace(status, awaiting=awaiting(run, *asked.order))


def _text(arguments: argparse.Namespace, status: StatusReport) -> str:
    if arguments.summary:
        return "\n".join(as_lines(order_summary(status)))
    selects = arguments.failed or arguments.since or arguments.due
    if selects and not (status.orders or status.refused or status.past or status.awaiting):
        return NONE
    return as_text(status)


def _drawn(arguments: argparse.Namespace, status: StatusReport) -> "RenderableType":
    """The same for a terminal: in colour, and as wide as it is."""
    from rich.text import Text

    from platform.report.status_table import tables

    text = _text(arguments, status)
    return Text(text) if arguments.summary or text == NONE else tables(status)


def _ran_since(status: StatusReport, since: str) -> StatusReport:
    """The orders that ran at `since` or later, or run now. Those with errors did not run."""
    return replace(
        status,
        orders=tuple(order for order in status.orders
                     if order.finished_at >= since or order.state == "RUNNING"),
        refused={},
        past=tuple(order for order in status.past if order.finished_at >= since),
    )


def _watch(arguments: argparse.Namespace) -> int:
    """Update the display until Ctrl-C. Each update opens a new run, because orders, records and the
    ledger may have changed."""
    if arguments.json or not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal, and the output is not a terminal; omit "
                         "--watch, or repeat `status --json`")
    from rich.console import Console
    from rich.live import Live

    def drawn() -> "RenderableType":
        return _drawn(arguments, _look(arguments)[1])

    try:
        with Live(drawn(), console=Console(highlight=False), auto_refresh=False) as live:
            while True:
                time.sleep(_REDRAW_S)
                live.update(drawn(), refresh=True)
    except KeyboardInterrupt:
        return 0
