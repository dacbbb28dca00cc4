"""One work order from quote to delivery, in throw-away folders: nobody is charged, nobody gets
mail."""
import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.app.run import Run
from platform.cli import script
from platform.commands.common import add_json, add_places, open_run
from platform.errors import InputError, UsageError
from platform.model.ids import OrderId
from platform.verify import sequence
from platform.verify.verdict import Check, print_verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--tenant-id", required=True, metavar="ID", help="whose order")
    parser.add_argument("--work-order-id", required=True, metavar="ID", help="which of its orders")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every check is ok, 1 otherwise; 10 when something is wrong with the order, 2 when it
    is not there."""
    run = open_run(arguments)
    order = OrderId(arguments.tenant_id, arguments.work_order_id)
    run.snapshot.scope = frozenset({order})
    return 0 if print_verdict(str(order), _checks(run, order), arguments.json) else 1


def _checks(run: Run, order: OrderId) -> Iterator[Check]:
    if refused := run.snapshot.plan.refused.get(order):
        raise InputError(refused)
    if order not in run.snapshot.plan.orders:
        raise UsageError(f"{order}: not an enabled work order; see `doit list --all`")
    methods = sorted(
        name for name, method in run.snapshot.repo.topup_methods.items() if method.enabled
    )
    yield from sequence.one_order(
        run.workspace.root,
        run.workspace.root / run.workspace.options.runtime_profile,
        order,
        run.snapshot.plan.orders[order].total_credits,
        methods[0] if methods else "",
    )


if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
