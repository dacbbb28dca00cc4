"""`admin-topup`: a TOPUP by an operator. Sent twice it is one; sent again with another amount it is a conflict (11)."""
import argparse
import sys

from platform.commands.common import add_json, add_places, open_session, show
from platform.errors import ConflictError, UsageError
from platform.ledger.credit import topup
from platform.ledger.payments import apply_payments
from platform.model.repo import Repo
from platform.model.words import in_credits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--tenant-id", required=True, metavar="ID")
    parser.add_argument("--amount-credits", required=True, type=_whole_number, metavar="N",
                        help="a positive whole number")
    parser.add_argument("--topup-method-id", required=True, metavar="ID", help="of config/topup_methods.csv")
    parser.add_argument("--reference", required=True, metavar="TEXT",
                        help="what the method calls this payment; with tenant and method it is the key")
    parser.add_argument("--note", default="", metavar="TEXT")
    add_json(parser)


def _whole_number(text: str) -> int:
    """Digits and nothing else: int() would also take 1_000 and +5."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no positive whole number")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Makes and reconciles the billing state when there is none, as a run would."""
    session = open_session(arguments)
    _check(session.repo, arguments)
    tenant_id, amount = arguments.tenant_id, arguments.amount_credits
    post = topup(tenant_id, amount, arguments.topup_method_id, arguments.reference, arguments.note)
    with session.sharing.around():
        session.make_ledger()
        for line in apply_payments(session.ledger, session.payments).conflicts:
            sys.stderr.write(f"{line}\n")
        posted = session.ledger.post(lambda book: (post,))
        session.ledger.checkpoint()
        balance = session.ledger.book.balance(tenant_id)
    what = f"TOPUP {in_credits(amount)} for {tenant_id}" if posted else "posted before, nothing changed"
    show(arguments, {"tenant_id": tenant_id, "posted": bool(posted), "amount_credits": amount, "balance": balance},
         f"{what}; balance {in_credits(balance)}")
    return max(session.exit_statuses, default=0)


def _check(repo: Repo, arguments: argparse.Namespace) -> None:
    if arguments.tenant_id not in repo.tenants:
        raise UsageError(f"tenant {arguments.tenant_id!r} is not there or cannot be read; known: "
                         f"{', '.join(sorted(repo.tenants)) or 'none'}")
    method = repo.topup_methods.get(arguments.topup_method_id)
    if method is None or not method.enabled:
        known = ", ".join(sorted(name for name, row in repo.topup_methods.items() if row.enabled))
        raise UsageError(f"top-up method {arguments.topup_method_id!r} is not there or not enabled; known: {known}")
    for payment in repo.payments:
        if (payment.tenant_id, payment.topup_method_id, payment.reference) == (
                arguments.tenant_id, arguments.topup_method_id, arguments.reference):
            raise ConflictError(f"{payment.place}: payment {payment.payment_id} has this reference already; it is "
                                "posted when it is CONFIRMED, use another reference for another payment")
    texts = {"--reference": arguments.reference, "--note": arguments.note}
    for name, text in texts.items():
        if any(ord(character) < 32 for character in text):
            raise UsageError(f"{name} holds a control character; use one line of text")
    if not arguments.reference.strip():
        raise UsageError("--reference is empty; it is what makes this top-up one and not two")
