"""`status`: print the state of every order and step, and what the next run would do. Read-only."""
import argparse
import sys
import time
from dataclasses import replace

from platform.app.run import Run
from platform.commands.common import (
    UNSEEN,
    add_json,
    add_order,
    add_places,
    open_scope,
    report_hidden,
    show,
    state_status,
)
from platform.commands.standing import awaiting, standing
from platform.errors import UsageError
from platform.report.status import StatusReport, as_text

_REDRAW_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--due", action="store_true",
                        help="only orders for which the next run has work")
    parser.add_argument("--watch", action="store_true",
                        help="update the display every second until Ctrl-C; needs a terminal")
    parser.add_argument("--publish", action="store_true",
                        help="also show purchases that are not published yet")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, even if orders failed; 14 if the billing state is not the one that was used
    before."""
    if arguments.watch:
        return _watch(arguments)
    run, status = _look(arguments)
    seen = status.orders or status.refused or status.past
    unseen = report_hidden(arguments, arguments.tenant_id) and not seen
    if arguments.json or not sys.stdout.isatty():
        show(arguments, status.as_json(), UNSEEN if unseen else as_text(status))
    else:
        from rich.console import Console

        from platform.report.status_table import tables

        Console(highlight=False).print(tables(status))
    return state_status(run)


def _look(arguments: argparse.Namespace) -> tuple[Run, StatusReport]:
    run = open_scope(arguments, past=True)
    status = standing(run)
    if arguments.due:
        status = replace(status, orders=tuple(order for order in status.orders if order.due))
    if not arguments.publish:
        return run, status
    return run, replace(
        status, awaiting=awaiting(run, arguments.tenant_id, arguments.work_order_id)
    )


def _watch(arguments: argparse.Namespace) -> int:
    """Update the display until Ctrl-C. Each update opens a new run, because orders, records and the
    ledger may have changed."""
    if arguments.json or not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal, and the output is not a terminal; omit "
                         "--watch, or repeat `status --json`")
    from rich.console import Console
    from rich.live import Live

    from platform.report.status_table import tables

    try:
        with Live(
            tables(_look(arguments)[1]), console=Console(highlight=False), auto_refresh=False
        ) as live:
            while True:
                time.sleep(_REDRAW_S)
                live.update(tables(_look(arguments)[1]), refresh=True)
    except KeyboardInterrupt:
        return 0
