"""`ledger fsck [--rebuild]`: as `verify`, and on demand the projections made again from a sound journal."""
import argparse

from platform.commands.common import add_json, add_places, show
from platform.commands.ledger_verify import verified, with_state
from platform.ledger.proof.audit import rebuild
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)
    parser.add_argument("--rebuild", action="store_true", help="make again what differs")


def run(arguments: argparse.Namespace) -> int:
    """As `verify`, until it is asked to rebuild; then 0 when the journal is sound, and what was made again."""
    run = with_state(arguments)
    if not arguments.rebuild:
        return verified(arguments, run)
    made = rebuild(run.workspace.billing_state_dir)
    lines = [f"{run.workspace.shown(run.workspace.billing_state_dir / name)}: made again" for name in made]
    summary = f"{counted(len(made), 'file')} made again from the journal"
    show(arguments, {"rebuilt": list(made)}, "\n".join([*lines, summary]))
    return 0
