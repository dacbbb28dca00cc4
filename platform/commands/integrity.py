"""`integrity-validate`: check that the ledger, run records and outputs agree. Read-only."""
import argparse
from collections.abc import Collection

from platform.app.run import Run
from platform.commands.common import add_json, add_order, add_places, named, open_scope, show
from platform.errors import StaleError
from platform.ledger.proof.audit import audit
from platform.model.plan import PlannedOrder
from platform.model.task_name import TaskName
from platform.model.words import counted
from platform.run.current import damage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: everything agrees, or nothing has run yet.
    * 13: the ledger is damaged.
    * 14: the ledger is not the one that this machine used before.
    * 1: only outputs are wrong."""
    run = open_scope(arguments, named(arguments, most=2))
    ledger = list(audit(run.workspace.billing_state_dir)) if run.billing.exists else []
    orders = run.snapshot.plan.orders.values()
    heads, lost = ((), ()) if ledger else run.guard.lost()
    stale = [run.guard.rolled_back(heads)] if heads and not run.sharing.awaits else []
    unpaid = {record.task_hash for record in lost}
    outputs = [] if ledger else [line for order in orders for line in _order(run, order, unpaid)]
    records = sum(len(run.records.of_order(order)) for order in orders)
    known = run.billing.exists and not ledger
    state = counted(run.billing.history.book.seq, "post") if known else "no billing state yet"
    summary = (f"{'ledger damaged' if ledger else state}, {counted(records, 'run record')}: "
               f"{counted(len(ledger) + len(stale) + len(outputs), 'finding')}")
    show(arguments, {"ledger": [*ledger, *stale], "outputs": outputs},
         "\n".join([*ledger, *stale, *outputs, summary]))
    return 13 if ledger else StaleError.exit_status if stale else 1 if outputs else 0


def _order(run: Run, order: PlannedOrder, unpaid: Collection[str]) -> list[str]:
    """Findings of an order: outputs that differ from their records, and records of unpaid work."""
    found = []
    for name, record in run.records.of_order(order).items():
        found += [f"step {record.id}: {reason}; `doit run {TaskName.of_step(record.id)}` repairs it"
                  for reason in damage(run.context, record)]
        if record.completed and record.task_hash in unpaid:
            found.append(f"step {order.id}/{name}: completed and not paid; the ledger is not the "
                         "one that it ran with")
    return found
