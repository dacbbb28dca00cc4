"""`admin-transfer`: move credits from one tenant to another, as two adjustments in one post."""
import argparse

from platform.commands.adjust import add_correction, correction, covered, transaction_of
from platform.commands.common import add_places, open_run
from platform.commands.posting import show_post, tenant_known
from platform.commands.topup import whole_number
from platform.errors import UsageError
from platform.ledger.rules.adjust import transfer
from platform.model.digest import derived_id
from platform.model.entry import Post, received
from platform.model.words import in_credits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--from", dest="from_tenant_id", required=True, metavar="ID",
                        help="the tenant that pays")
    parser.add_argument("--to", dest="to_tenant_id", required=True, metavar="ID",
                        help="the tenant that receives")
    parser.add_argument("--amount-credits", required=True, type=whole_number, metavar="N",
                        help="a positive integer")
    add_correction(parser, corrects_required=False, reason="transferred")


def run(arguments: argparse.Namespace) -> int:
    """The same as `admin-adjust`, for both tenants or for neither."""
    run = open_run(arguments)
    giver, taker, amount = (
        arguments.from_tenant_id,
        arguments.to_tenant_id,
        arguments.amount_credits,
    )
    said = correction(run, arguments)
    tenant_known(run, giver, "--from")
    tenant_known(run, taker, "--to")
    if giver == taker:
        raise UsageError(f"--from and --to are both {giver}; a transfer needs two tenants")

    def make() -> Post:
        corrects = said.corrects and transaction_of(run.billing.ledger, said.corrects, giver)
        return transfer(giver, taker, amount, said._replace(corrects=corrects))

    post, new = covered(run, make)
    book = run.billing.ledger.book
    result = {
        "from_tenant_id": giver,
        "to_tenant_id": taker,
        "posted": new,
        "amount_credits": amount,
        "from_balance": book.balance(giver),
        "to_balance": book.balance(taker),
        "transaction_id": derived_id(post.key),
        "to_transaction_id": derived_id(received(post).key),
        "corrects": post.metadata.get("corrects", ""),
    }
    what = (f"ADJUSTMENT {in_credits(amount)} from {giver} to {taker}, transactions "
            f"{derived_id(post.key)} and {derived_id(received(post).key)}")
    return show_post(arguments, run, what, new, result, giver, taker)
