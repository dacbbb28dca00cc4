"""`graph [T | T/O]`: draw orders as a graph with the state and price of every step. Read-only."""
import argparse
import sys

from platform.app.run import Asked, Run
from platform.app.scope import with_warnings
from platform.app.workspace import Workspace
from platform.check.words import suggestion
from platform.commands.common import add_places, open_workspace
from platform.commands.standing import standing
from platform.errors import UsageError
from platform.model.characters import one_line
from platform.model.task_name import TaskKind
from platform.report import draw, graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("what", nargs="?", default="", metavar="T | T/O",
                        help="a tenant, or one of its orders (default: every enabled order)")
    parser.add_argument("--format", choices=("text", "mermaid", "dot", "svg"), default="text",
                        help="svg needs Graphviz (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0. UsageError if nothing has that name, or for svg without Graphviz."""
    if arguments.format == "svg" and not draw.available():
        raise UsageError("--format svg needs Graphviz; install graphviz, or use --format mermaid, "
                         "dot or text")
    run = _run_of(open_workspace(arguments), arguments.what.removeprefix(f"{TaskKind.WORKORDER}:"))
    status = standing(run)
    if arguments.format == "svg":
        drawing = draw.svg(graph.dot(status.orders, status.refused))
        if not drawing:
            raise UsageError("Graphviz did not finish in one minute; draw one order, or use "
                             "--format text")
        sys.stdout.write(drawing)
        return 0
    form = {"text": graph.text, "mermaid": graph.mermaid, "dot": graph.dot}[arguments.format]
    sys.stdout.write(form(status.orders, status.refused) + "\n")
    return 0


def _run_of(workspace: Workspace, what: str) -> Run:
    """A run of a tenant's orders, or of one order. UsageError if no file has that name."""
    if not what:
        return Run.looking(workspace)
    known = tuple(workspace.order_ids())
    own = frozenset(order for order in known if what in (str(order), order.tenant_id))
    if not own:
        names = {*map(str, known), *(order.tenant_id for order in known)}
        raise UsageError(f"order or tenant {one_line(what)!r} does not exist; "
                         f"{suggestion(what, names, 'see `status`')}")
    run = Run.looking(workspace, Asked(own))
    if "/" in what and not run.snapshot.plan.orders and not run.snapshot.plan.refused:
        draft, = own
        message = f"{what} is a draft (enabled: false) and does not run; set enabled: true first"
        raise UsageError(with_warnings(run.snapshot, draft, message))
    return run
