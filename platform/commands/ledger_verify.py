"""`ledger verify`: check that the billing state is consistent and unaltered. Read-only."""
import argparse

from platform.app.run import Run
from platform.commands.common import add_json, add_places, open_run, show, state_status
from platform.errors import CorruptError, StaleError
from platform.ledger.proof.audit import verify
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    return verified(arguments, with_state(arguments))


def with_state(arguments: argparse.Namespace) -> Run:
    """A run with a billing state. StaleError if none exists: reading does not create one."""
    run = open_run(arguments)
    if not run.billing.exists:
        if not run.sharing.awaits:
            run.guard.check()  # a deleted state must be restored, not created again
        where = run.workspace.shown(run.workspace.billing_state_dir)
        raise StaleError(f"{where}: no billing state exists; `doit run state` creates it")
    return run


def verified(arguments: argparse.Namespace, run: Run) -> int:
    """Exit status.

    * 0: the state is sound.
    * 13: the state is damaged; one line is printed for each finding.
    * 14: the state is sound, but is not the one that was used before."""
    verdict = verify(run.workspace.billing_state_dir)
    findings = [run.workspace.shown_finding(line) for line in verdict.findings]
    summary = (
        f"{counted(verdict.posts, 'post')} sound, {counted(len(verdict.balances), 'tenant')}, "
        f"head {verdict.head[:12]}"
    )
    show(
        arguments,
        {
            "posts": verdict.posts,
            "head": verdict.head,
            "balances": dict(verdict.balances),
            "findings": findings,
        },
        "\n".join([*findings, summary]),
    )
    return CorruptError.exit_status if findings else state_status(run)
