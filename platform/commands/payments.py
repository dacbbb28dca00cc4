"""`reconcile-payments`: post every CONFIRMED row of config/payments.csv to the ledger, once."""
import argparse
import sys
from typing import Any

from platform.app.snapshot import PAID_BY
from platform.commands.common import add_json, add_places, open_run, show
from platform.commands.posting import must_read
from platform.errors import ConflictError
from platform.ledger.journal.payments import apply_payments
from platform.model.words import in_credits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, 11 for a conflict, or 10 while the file has errors: no payment is skipped."""
    run = open_run(arguments)
    must_read(run, *PAID_BY, run.workspace.options.runtime_profile)
    with run.sharing.around():
        run.make_ledger()
        done = apply_payments(run.billing.ledger, run.snapshot.payments)
        run.checkpoint()
    for line in done.conflicts:
        sys.stderr.write(f"{line}\n")
    posted = done.posted
    lines = [
        f"TOPUP {in_credits(post.amount_credits)} for {post.tenant_id} "
        f"({post.metadata['payment_id']})"
        for post in posted
    ]
    result: dict[str, Any] = {
        "posted": [
            {
                "tenant_id": post.tenant_id,
                "payment_id": post.metadata["payment_id"],
                "amount_credits": post.amount_credits,
            }
            for post in posted
        ]
    }
    result["conflicts"] = list(done.conflicts)
    show(arguments, result, "\n".join(lines) or "nothing new to post")
    return max([*run.statuses, ConflictError.exit_status if done.conflicts else 0])
