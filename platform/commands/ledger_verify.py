"""`ledger verify`: whether the billing state is what it says. Looks, changes nothing."""
import argparse
from pathlib import Path

from platform.app.session import Session
from platform.commands.common import add_json, add_places, open_session, show
from platform.errors import CorruptError, StaleError
from platform.ledger.proof.audit import verify
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    return verified(arguments, with_state(arguments))


def with_state(arguments: argparse.Namespace) -> Session:
    """A session with a billing state. StaleError when there is none: nothing is made by asking."""
    session = open_session(arguments)
    if not session.has_ledger:
        raise StaleError(f"{session.shown(session.billing_state_dir)}: no billing state here; `doit run state` makes "
                         "one, once")
    return session


def verified(arguments: argparse.Namespace, session: Session) -> int:
    """0 when all is right; 13 with one line a finding."""
    verdict = verify(session.billing_state_dir)
    findings = [_shown(session, line) for line in verdict.findings]
    summary = (f"{counted(verdict.posts, 'post')} sound, {counted(len(verdict.balances), 'tenant')}, "
               f"head {verdict.head[:12]}")
    show(arguments, {"posts": verdict.posts, "head": verdict.head, "balances": dict(verdict.balances),
                     "findings": findings}, "\n".join([*findings, summary]))
    return CorruptError.exit_status if findings else 0


def _shown(session: Session, finding: str) -> str:
    """Findings begin with a path; people type it relative to the repository."""
    path, colon, rest = finding.partition(":")
    return session.shown(Path(path)) + colon + rest
