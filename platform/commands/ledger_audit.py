"""`ledger audit`: explain every credit from the files in git and the run records. Read-only."""
import argparse
import sys

from platform.app.snapshot import PAYMENTS
from platform.check.money import METHODS
from platform.commands.common import add_json, add_places, show, state_status
from platform.commands.ledger_verify import with_state
from platform.commands.posting import PRICES, PROMOTIONS, wrong_rows
from platform.config.load import REASONS
from platform.errors import InputError
from platform.model.words import counted
from platform.report.reconcile import reconcile
from platform.run.ordered import all_endings, all_ordered
from platform.run.records import RECORD, record_in


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: every credit is explained.
    * 1: some credits are unexplained; one line is printed for each.
    * 10: a table that explains credits has wrong rows. InputError if a whole table is unreadable.
    * 14: the billing state is not the one that was used before."""
    run = with_state(arguments)
    wrong = wrong_rows(run, PAYMENTS, METHODS, REASONS, PRICES, PROMOTIONS)
    runs = [
        record
        for file in sorted(run.workspace.runtime_dir.glob(f"*/*/*/{RECORD}"))
        if (record := record_in(file))
    ]
    found = reconcile(
        run.billing.history.records(),
        run.snapshot.repo,
        run.snapshot.plan,
        runs,
        all_ordered(run.workspace.runtime_dir),
        all_endings(run.workspace.runtime_dir),
    )
    journal = run.workspace.shown(run.workspace.billing_state_dir / "journal.csv")
    lines = [
        f"{journal}{f':{row.line}' if row.line else ''}: {row.tenant_id} "
        f"{row.work_order_id or '-'} "
        f"{counted(row.amount_credits, 'credit', signed=True)}, {row.key}: {row.why}"
        for row in found.unexplained
    ]
    lines += [
        f"{counted(found.items[by], 'item')}, {counted(found.credits[by], 'credit', signed=True)}: "
        f"{by}"
        for by in found.credits
        if found.items[by]
    ]
    lines.append(f"{len(found.unexplained)} unexplained")
    show(arguments, found.as_json(), "\n".join(lines))
    sys.stderr.write("".join(f"{problem}\n" for problem in wrong))
    return state_status(run) or (InputError.exit_status if wrong else 1 if found.unexplained else 0)
