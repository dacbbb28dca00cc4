"""`ledger verify | fsck | export | audit`: the journal checked, its projections made again, handed on, explained."""
import argparse
import sys
from pathlib import Path

from platform.commands.common import add_json, add_places, open_session, show
from platform.commands.parser import Parser
from platform.errors import CorruptError, StaleError, UsageError
from platform.ledger.audit import rebuild, verify
from platform.ledger.journal import Ledger
from platform.report.accounts import as_beancount, as_json_lines, as_table
from platform.report.reconcile import reconcile
from platform.run.records import RECORD, record_in
from platform.tasks.session import Session

FORMATS = ("csv", "jsonl", "beancount")


def add_arguments(parser: Parser) -> None:
    for name, purpose, act in (
            ("verify", "chain, keys, sums, balances at every point and projections; changes nothing", _verify),
            ("fsck", "say what is wrong; --rebuild makes the projections again from a sound journal", _fsck),
            ("export", "every post for other programs: CSV, JSON lines or beancount", _export),
            ("audit", "explain every credit by orders, prices, payments and run records; 1 when one is not", _audit)):
        command = parser.add_command(name, purpose)
        add_places(command)
        command.set_defaults(act=act)
        if name == "fsck":
            command.add_argument("--rebuild", action="store_true", help="make again what differs")
        if name == "export":
            command.add_argument("--format", choices=FORMATS, default="csv", help="default: %(default)s")
            command.add_argument("--tenant-id", default="", metavar="ID", help="this tenant only")
        else:
            add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """What the subcommand says; 14 when there is no billing state: nothing is made by asking."""
    session = open_session(arguments)
    if not Ledger.exists(session.billing_state_dir):
        raise StaleError(f"{session.shown(session.billing_state_dir)}: no billing state here; `doit run state` makes "
                         "one, once")
    return int(arguments.act(arguments, session))


def _verify(arguments: argparse.Namespace, session: Session) -> int:
    """0 when all is right; 13 with one line a finding."""
    verdict = verify(session.billing_state_dir)
    findings = _shown(session, verdict.findings)
    summary = f"{verdict.posts} posts are sound, {len(verdict.balances)} tenants, head {verdict.head[:12]}"
    show(arguments, {"posts": verdict.posts, "head": verdict.head, "balances": dict(verdict.balances),
                     "findings": findings}, "\n".join([*findings, summary]))
    return CorruptError.exit_status if findings else 0


def _fsck(arguments: argparse.Namespace, session: Session) -> int:
    """As `verify`, until it is asked to rebuild; then 0 when the journal is sound, and what was made again."""
    if not arguments.rebuild:
        return _verify(arguments, session)
    made = rebuild(session.billing_state_dir)
    lines = [f"{session.shown(session.billing_state_dir / name)}: made again" for name in made]
    show(arguments, {"rebuilt": list(made)}, "\n".join([*lines, f"{len(made)} files made again from the journal"]))
    return 0


def _export(arguments: argparse.Namespace, session: Session) -> int:
    """Lines on standard output, as they are made; UsageError for a tenant without a post."""
    ledger, tenant = session.ledger, arguments.tenant_id
    balances = ledger.book.balances()
    if tenant and tenant not in balances:
        raise UsageError(f"tenant {tenant!r} has no posts; known: {', '.join(sorted(balances)) or 'none'}")
    records = (record for record in ledger.records() if tenant in ("", record.post.tenant_id))
    kept = {name: balance for name, balance in balances.items() if tenant in ("", name)}
    lines = {"csv": as_table, "jsonl": as_json_lines}.get(arguments.format)
    for line in lines(records) if lines else as_beancount(records, kept):
        sys.stdout.write(line)
    return 0


def _audit(arguments: argparse.Namespace, session: Session) -> int:
    """0 when every credit is explained, 1 with one line for each that is not."""
    runs = [record for file in sorted(session.runtime_dir.glob(f"*/*/*/{RECORD}")) if (record := record_in(file))]
    found = reconcile(session.ledger.records(), session.repo, session.plan, runs)
    journal = session.shown(session.billing_state_dir / "journal.csv")
    lines = [f"{journal}:{row.line}: {row.tenant_id} {row.work_order_id or '-'} {row.amount_credits:+d} credits, "
             f"{row.key}: {row.why}" for row in found.unexplained]
    lines += [f"{found.items[by]} items, {found.credits[by]:+d} credits: {by}" for by in found.credits]
    lines.append(f"{len(found.unexplained)} unexplained")
    show(arguments, found.as_json(), "\n".join(lines))
    return 1 if found.unexplained else 0


def _shown(session: Session, findings: tuple[str, ...]) -> list[str]:
    """Findings begin with a path; people type it relative to the repository."""
    return [session.shown(Path(path)) + rest for path, rest in (_split(line) for line in findings)]


def _split(line: str) -> tuple[str, str]:
    path, colon, rest = line.partition(":")
    return path, colon + rest
