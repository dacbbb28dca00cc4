"""`reconcile-payments`: every CONFIRMED row of config/payments.csv is in the ledger, once."""
import argparse

from platform.commands.common import add_json, add_places, open_session, show
from platform.errors import InputError
from platform.ledger.initialise import ensure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Refuses with 10 while the file is wrong: a payment that cannot be read is not passed over."""
    session = open_session(arguments)
    wrong = [problem for problem in session.problems
             if problem.place.file == "config/payments.csv" and not problem.warning]
    if wrong:
        raise InputError(wrong)
    posted = ensure(session.billing_state_dir, session.repo.payments)
    session.ledger.checkpoint()
    lines = [f"TOPUP {post.amount_credits} credits for {post.tenant_id} ({post.metadata['payment_id']})"
             for post in posted]
    result = {"posted": [{"tenant_id": post.tenant_id, "payment_id": post.metadata["payment_id"],
                          "amount_credits": post.amount_credits} for post in posted]}
    show(arguments, result, "\n".join(lines) or "every confirmed payment is in the ledger")
    return 0
