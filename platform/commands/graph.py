"""`graph`: draw orders as a graph with the state and price of every step. Read-only."""
import argparse
import sys

from platform.app.run import Run
from platform.app.scope import require_planned
from platform.commands.common import add_order, add_places, named, open_scope
from platform.commands.standing import standing
from platform.errors import UsageError
from platform.report import draw, graph


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--format", choices=("text", "mermaid", "dot", "svg"), default="text",
                        help="svg needs Graphviz (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0. UsageError if nothing has that name, or for svg without Graphviz."""
    if arguments.format == "svg" and not draw.available():
        raise UsageError("--format svg needs Graphviz; install graphviz, or use --format mermaid, "
                         "dot or text")
    run = _run_of(arguments)
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


def _run_of(arguments: argparse.Namespace) -> Run:
    """A run of a tenant's orders, or of one order. UsageError if no file has that name."""
    asked = named(arguments)
    run = open_scope(arguments, asked)
    if asked.work_order_id:
        require_planned(run.snapshot, asked.order)
    return run
