"""`ledger proof ITEM`: that a post is in the ledger, for the tenant whose it is; others' lines are hashes in it."""
import argparse

from platform.commands import ledger_head


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("item", metavar="ITEM", help="a transaction_id, a transaction_item_id or an idempotency key; "
                                                     "the beginning of one will do when it is the only one")
    ledger_head.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """As `ledger head`; UsageError when no post is called so, or several are."""
    return ledger_head.write(arguments, arguments.item)
