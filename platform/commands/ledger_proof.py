"""`ledger proof ITEM`: write a proof that a post is in the ledger, for the tenant that owns it.

The proof contains the lines of other tenants only as hashes."""
import argparse

from platform.commands import ledger_head


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("item", metavar="ITEM",
                        help="a transaction_id, a transaction_item_id or an idempotency "
                                                     "key; a unique beginning is enough")
    ledger_head.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """The same as `ledger head`. UsageError if ITEM names no post, or more than one."""
    return ledger_head.write_file(arguments, arguments.item)
