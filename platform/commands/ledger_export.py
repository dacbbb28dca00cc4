"""`ledger export`: print every post in a format for other programs."""
import argparse
import sys

from platform.check.words import suggestion
from platform.commands.common import add_named, add_places, named, state_status
from platform.commands.ledger_verify import with_state
from platform.errors import UsageError
from platform.model.entry import sides
from platform.report.accounts import as_beancount, as_json_lines, as_table
from platform.streams import neutral_json, unread

FORMATS = ("csv", "jsonl", "beancount")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--format", choices=FORMATS, default="csv", help="default: %(default)s")
    add_named(parser, "this tenant only; the same as --tenant-id", "TENANT")
    parser.add_argument("--tenant-id", default="", metavar="ID", help="this tenant only")


def run(arguments: argparse.Namespace) -> int:
    """Print each line to standard output when it is ready. UsageError for a tenant without
    posts."""
    run = with_state(arguments)
    ledger, tenant = run.billing.history, named(arguments, most=1).tenant_id
    balances = ledger.book.balances()
    if tenant and tenant not in balances:
        raise UsageError(
            f"tenant {tenant!r} has no posts; {suggestion(tenant, balances, 'nobody has')}"
        )
    records = (record for record in ledger.records()
               if not tenant or any(side.tenant_id == tenant for side in sides(record.post)))
    kept = {name: balance for name, balance in balances.items() if tenant in ("", name)}
    lines = {"csv": lambda: as_table(records, tenant), "jsonl": lambda: as_json_lines(records),
             "beancount": lambda: as_beancount(records, kept)}
    for line in lines[arguments.format]():
        sys.stdout.write(neutral_json(line) if arguments.format == "jsonl" else line)
        if unread(sys.stdout):  # the reader closed the pipe, as `| head` does
            break
    return state_status(run)
