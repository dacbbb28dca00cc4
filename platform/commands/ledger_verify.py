"""`ledger verify`: whether the billing state is what it says. Looks, changes nothing."""
import argparse
from pathlib import Path

from platform.app.run import Run
from platform.commands.common import add_json, add_places, open_run, show, told_stale
from platform.errors import CorruptError, StaleError
from platform.ledger.proof.audit import verify
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    return verified(arguments, with_state(arguments))


def with_state(arguments: argparse.Namespace) -> Run:
    """A run with a billing state. StaleError when there is none: nothing is made by asking."""
    run = open_run(arguments)
    if not run.billing.exists:
        if not run.sharing.awaits:
            run.guard.check()  # one that was deleted is not to be made anew
        where = run.workspace.shown(run.workspace.billing_state_dir)
        raise StaleError(f"{where}: no billing state here; `doit run state` makes one, once")
    return run


def verified(arguments: argparse.Namespace, run: Run) -> int:
    """0 when all is right; 13 with one line a finding; 14 for a sound state that is not the one that was used."""
    verdict = verify(run.workspace.billing_state_dir)
    findings = [_shown(run, line) for line in verdict.findings]
    summary = (f"{counted(verdict.posts, 'post')} sound, {counted(len(verdict.balances), 'tenant')}, "
               f"head {verdict.head[:12]}")
    show(arguments, {"posts": verdict.posts, "head": verdict.head, "balances": dict(verdict.balances),
                     "findings": findings}, "\n".join([*findings, summary]))
    return CorruptError.exit_status if findings else told_stale(run)


def _shown(run: Run, finding: str) -> str:
    """Findings begin with a path; people type it relative to the repository."""
    path, colon, rest = finding.partition(":")
    return run.workspace.shown(Path(path)) + colon + rest
