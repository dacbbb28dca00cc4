"""`admin-topup`: post an operator's TOPUP.

The same command twice posts once. The same reference with another amount is a conflict (11)."""
import argparse

from platform.app.snapshot import PAYMENTS
from platform.check.money import METHODS
from platform.check.words import choices
from platform.commands.common import add_json, add_places, add_tenant, open_run, the_tenant
from platform.commands.posting import (
    must_read,
    plain_texts,
    posted,
    reference_given,
    show_post,
    tenant_known,
)
from platform.errors import ConflictError, UsageError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.adjust import standings
from platform.ledger.rules.conflict import PostConflict
from platform.ledger.rules.credit import topup
from platform.ledger.rules.remedy import remedies
from platform.model.digest import derived_id
from platform.model.reference import folded, normalised
from platform.model.repo import Repo
from platform.model.words import in_credits

MISTAKE = "mistaken_topup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_tenant(parser)
    parser.add_argument("--amount-credits", required=True, type=whole_number, metavar="N",
                        help="a positive integer")
    parser.add_argument("--topup-method-id", required=True, metavar="ID",
                        help="a method of config/topup_methods.csv")
    parser.add_argument("--reference", required=True, metavar="TEXT",
                        help="the method's name for this payment; with the tenant and the method, "
                             "it is the key")
    parser.add_argument("--note", default="", metavar="TEXT")
    add_json(parser)


def whole_number(text: str) -> int:
    """Parse digits only. int() would also accept 1_000 and +5."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive integer")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Post the top-up. Like a run, this creates the billing state if it does not exist."""
    run = open_run(arguments)
    must_read(run, METHODS, PAYMENTS)
    arguments.tenant_id = the_tenant(arguments)
    tenant_known(run, arguments.tenant_id, "--tenant-id")
    plain_texts({"--reference": arguments.reference, "--note": arguments.note})
    reference_given(arguments.reference)
    _check(run.snapshot.repo, arguments)
    tenant_id, amount = arguments.tenant_id, arguments.amount_credits
    post = topup(tenant_id, amount, arguments.topup_method_id, arguments.reference, arguments.note)
    new = False
    try:
        _, new = posted(run, lambda: post)
    except PostConflict as error:
        _must_be_corrected(run.billing.ledger, error)
    result = {
        "tenant_id": tenant_id,
        "posted": new,
        "amount_credits": amount,
        "balance": run.billing.ledger.book.balance(tenant_id),
        "transaction_id": derived_id(post.key),
    }
    what = f"TOPUP {in_credits(amount)} for {tenant_id}, transaction {derived_id(post.key)}"
    return show_post(arguments, run, what, new, result, tenant_id)


def _must_be_corrected(ledger: Ledger, error: PostConflict) -> None:
    """Return if corrections have changed the earlier top-up to this amount.

    Otherwise raise ConflictError with the commands for such a correction, because a second top-up
    would add to the first."""
    known, new = error.known, error.new
    now = standings((record.post for record in ledger.records()), [known.key])[known.key]
    want = {new.tenant_id: new.amount_credits}
    if dict(now.credits) == want and now.reasons:
        return
    lines = remedies(
        now, want, derived_id(known.key), str(known.metadata.get("reference")), MISTAKE
    )
    fix = ("if the first was a mistake, correct it with `" + "`, then `".join(lines) + "`; "
           if lines else "")
    raise ConflictError(f"{error.what}; nothing was posted: {fix}another payment needs its own "
                        "reference") from error


def _check(repo: Repo, arguments: argparse.Namespace) -> None:
    method = repo.topup_methods.get(arguments.topup_method_id)
    if method is None or not method.enabled:
        known = (name for name, row in repo.topup_methods.items() if row.enabled)
        raise UsageError(f"top-up method {arguments.topup_method_id!r} does not exist or is not "
                         f"enabled; {choices(arguments.topup_method_id, known)}")
    ours = (arguments.tenant_id, arguments.topup_method_id)
    for payment in repo.payments:
        if (payment.tenant_id, payment.topup_method_id) != ours or folded(
            payment.reference
        ) != folded(arguments.reference):
            continue
        same = normalised(payment.reference) == normalised(arguments.reference)
        how = ("already has this reference" if same
               else f"has the reference {payment.reference!r}, in another case")
        raise ConflictError(f"{payment.place}: payment {payment.payment_id} {how}; it is posted "
                            "when it is CONFIRMED; use another reference for another payment")
