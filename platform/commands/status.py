"""`status`: what became of every order and step, and what would run now. Looks, changes nothing."""
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
    show,
    tell_hidden,
    told_stale,
)
from platform.commands.standing import awaiting, standing
from platform.errors import UsageError
from platform.report.status import StatusReport, as_text

_REDRAW_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--due", action="store_true", help="only orders that the next run has something to do for")
    parser.add_argument("--watch", action="store_true", help="draw it again every second until Ctrl-C; on a terminal")
    parser.add_argument("--publish", action="store_true", help="also what was bought and still awaits publishing")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0: a status is an answer, not a verdict; 14 when the billing state is not the one that was used before."""
    if arguments.watch:
        return _watch(arguments)
    run, status = _look(arguments)
    unseen = tell_hidden(arguments.tenant_id) and not (status.orders or status.refused or status.past)
    if arguments.json or not sys.stdout.isatty():
        show(arguments, status.as_json(), UNSEEN if unseen else as_text(status))
    else:
        from rich.console import Console

        from platform.report.status_table import tables

        Console(highlight=False).print(tables(status))
    return told_stale(run)


def _look(arguments: argparse.Namespace) -> tuple[Run, StatusReport]:
    run = open_scope(arguments, past=True)
    status = standing(run)
    if arguments.due:
        status = replace(status, orders=tuple(order for order in status.orders if order.due))
    if not arguments.publish:
        return run, status
    return run, replace(status, awaiting=awaiting(run, arguments.tenant_id, arguments.work_order_id))


def _watch(arguments: argparse.Namespace) -> int:
    """Each time a fresh run: orders, records and the ledger may all have changed. Ctrl-C is how it ends."""
    if arguments.json or not sys.stdout.isatty():
        raise UsageError("--watch draws on a terminal, and this is none; leave it out, or ask `status --json` again")
    from rich.console import Console
    from rich.live import Live

    from platform.report.status_table import tables

    try:
        with Live(tables(_look(arguments)[1]), console=Console(highlight=False), auto_refresh=False) as live:
            while True:
                time.sleep(_REDRAW_S)
                live.update(tables(_look(arguments)[1]), refresh=True)
    except KeyboardInterrupt:
        return 0
