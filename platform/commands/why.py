"""`why`: why a task would run or be charged, or why not; and what one credit was for. Looks, changes nothing."""
import argparse

from platform.app.whys import why_item, why_task
from platform.commands.common import add_json, add_places, open_run, show
from platform.errors import UsageError
from platform.report import why_charge, why_views


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", default="", metavar="TASK",
                        help="step:TENANT/ORDER/STEP, or workorder:, charge: or publish: and TENANT/ORDER; the kind "
                             "may be left out of the first two")
    parser.add_argument("--charge", default="", metavar="ITEM",
                        help="explain one row of transaction_items.csv, by its transaction_item_id")
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Always 0: an answer is no verdict."""
    if bool(arguments.task) == bool(arguments.charge):
        raise UsageError("name a task, or an item with --charge; `doit list --all` has the tasks")
    run = open_run(arguments)
    if arguments.charge:
        item = why_item(run, arguments.charge)
        show(arguments, why_charge.as_json(item), why_charge.as_text(item))
    else:
        task = why_task(run, arguments.task)
        show(arguments, why_views.as_json(task), why_views.as_text(task))
    return 0
