"""`why`: explain why a task would or would not run or be charged, or what a credit paid for.

It changes nothing."""
import argparse

from platform.app.why import why_item, why_task
from platform.commands.common import add_json, add_places, open_run, show
from platform.errors import UsageError
from platform.report import why_charge, why_views


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", default="", metavar="TASK",
                        help="TENANT/ORDER/STEP or TENANT/ORDER; for the charge or the publication "
                             "of an order, charge:TENANT/ORDER or publish:TENANT/ORDER")
    parser.add_argument("--charge", default="", metavar="ITEM",
                        help="explain the row of transaction_items.csv with this "
                             "transaction_item_id")
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0 whatever the answer is."""
    if bool(arguments.task) == bool(arguments.charge):
        raise UsageError("name a task, or an item with --charge; `doit list --all` shows the tasks")
    run = open_run(arguments)
    if arguments.charge:
        item = why_item(run, arguments.charge)
        show(arguments, why_charge.as_json(item), why_charge.as_text(item))
    else:
        task = why_task(run, arguments.task)
        show(arguments, why_views.as_json(task), why_views.as_text(task))
    return 0
