"""Names of orders (`doit list --all --quiet workorder`) on standard input become a workflow's
matrix: a line `legs=[...]` with a leg for each tenant, in their order, or the one leg of an order
that was chosen."""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.cli import script
from platform.commands.common import add_places, open_run
from platform.commands.matrix import legs
from platform.model.ids import OrderId


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tenant-id", default="", metavar="ID", help="this tenant only (default: all)"
    )
    parser.add_argument("--work-order", default="", metavar="TENANT/ORDER", help="this order only")
    parser.add_argument(
        "--scheduled", action="store_true", help="leave out tenants without a schedule_cron"
    )
    add_places(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 also when no order is left; UsageError for what is not listed, and for more legs than a
    matrix has."""
    listed = [OrderId(*name.partition("/")[::2]) for line in sys.stdin
              if (name := line.strip().removeprefix("workorder:")) != line.strip()]
    if arguments.scheduled:
        scheduled = {
            order.id
            for order in open_run(arguments).snapshot.repo.orders.values()
            if order.schedule_cron
        }
        listed = [order for order in listed if order in scheduled]
    print(f"legs={json.dumps(legs(listed, arguments.tenant_id, arguments.work_order))}")
    return 0


if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
