"""`statement`: print a tenant's account for some days, each post in words with its proof.
Read-only."""
import argparse
import sys
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path

from platform.app.run import Asked, Run
from platform.check.words import suggestion
from platform.commands.common import (
    add_json,
    add_places,
    add_tenant,
    open_workspace,
    show,
    state_status,
    the_tenant,
)
from platform.commands.standing import standing
from platform.errors import InputError, UsageError
from platform.files import write_output
from platform.model.characters import one_line
from platform.model.words import counted, in_credits
from platform.report.draw import svg
from platform.report.statement import statement
from platform.report.statement_html import as_html
from platform.report.statement_text import as_text

_DRAWING_TIMEOUT_S = 10  # for each order; without its drawing, the page shows the order as a list


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_tenant(parser)
    parser.add_argument("--from", dest="date_from", default="", metavar="DAY",
                        help="the first day, UTC (2026-11-24)")
    parser.add_argument("--to", dest="date_to", default="", metavar="DAY",
                        help="the last day, UTC, inclusive")
    parser.add_argument("--html", default="", metavar="FILE",
                        help="write the statement to FILE, as one HTML page")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, 10 if the tenant's file has errors, or 14 if the billing state is not the one
    that was used before.

    UsageError for an unknown tenant or an invalid day. Errors of the ledger are not changed."""
    tenant_id = the_tenant(arguments)
    days = [_day("--from", arguments.date_from), _day("--to", arguments.date_to)]
    if all(days) and days[0] > days[1]:
        raise UsageError(f"--from {days[0]} is after --to {days[1]}; exchange them")
    workspace = open_workspace(arguments)
    own = frozenset(
        order for order in workspace.order_ids() if order.tenant_id == tenant_id
    )
    run = Run.looking(workspace, Asked(own))
    tenant = run.snapshot.repo.tenants.get(tenant_id)
    made = statement(
        run.billing.history.records(),
        tenant_id,
        tenant.tenant_name if tenant else "",
        *days,
    )
    if tenant is None and not made.lines and not made.ledger_balance_credits:
        raise UsageError(
            f"tenant {one_line(tenant_id)!r} does not exist; "
            f"{suggestion(tenant_id, run.snapshot.repo.tenants, 'see tenants/')}"
        )
    text = as_text(made)
    if arguments.html:
        file = Path(arguments.html)
        write_output(
            file,
            as_html(
                made, standing(run).orders, partial(svg, timeout_s=_DRAWING_TIMEOUT_S)
            ).encode(),
        )
        text = (
            f"{file}: {counted(len(made.lines), 'post')}, closing balance "
            f"{in_credits(made.closing_credits)}"
        )
    show(arguments, asdict(made), text)
    wrong = run.snapshot.wrong_in(f"tenants/{tenant_id}/tenant.yml")
    sys.stderr.write("".join(f"{problem}\n" for problem in wrong))
    return state_status(run) or (InputError.exit_status if wrong else 0)


def _day(option: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise UsageError(f"{option} {one_line(text)!r} is not a day; write it like "
                         "2026-11-24") from error
