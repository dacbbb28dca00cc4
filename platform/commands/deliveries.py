"""`deliveries`: print where each package is, the newest first. Read-only."""
import argparse
from dataclasses import asdict

from platform.app.run import Asked, Run
from platform.app.scope import require_step, scope_of
from platform.app.whereabouts import whereabouts
from platform.commands.common import (
    add_json,
    add_order,
    add_places,
    named,
    open_workspace,
    show,
    state_status,
)
from platform.report.whereabouts import as_text, latest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--latest", action="store_true",
                        help="only the newest package of each delivery step")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0; 14 if the billing state is not the one that was used before."""
    asked = named(arguments)
    workspace = open_workspace(arguments)
    run = Run.looking(workspace, Asked(scope_of(workspace, *asked.order, past=True)))
    found = whereabouts(run, asked)
    if asked.step_id and not found:
        require_step(run, asked)
    if arguments.latest:
        found = latest(found)
    show(arguments, {"deliveries": [asdict(each) for each in found]}, as_text(found))
    return state_status(run)
