"""`ledger fsck [--rebuild]`: verify the ledger, or rebuild its projections from a sound journal."""
import argparse

from platform.commands.common import add_json, add_places, show
from platform.commands.ledger_verify import verified, with_state
from platform.ledger.proof.audit import rebuild
from platform.model.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)
    parser.add_argument("--rebuild", action="store_true", help="rebuild the files that differ")


def run(arguments: argparse.Namespace) -> int:
    """Without --rebuild, the same as `ledger verify`. With it: rebuild, print the rebuilt files,
    and return 0. CorruptError if the journal is not sound."""
    run = with_state(arguments)
    if not arguments.rebuild:
        return verified(arguments, run)
    made = rebuild(run.workspace.billing_state_dir)
    lines = [f"{run.workspace.shown(run.workspace.billing_state_dir / name)}: rebuilt"
             for name in made]
    summary = f"{counted(len(made), 'file')} rebuilt from the journal"
    show(arguments, {"rebuilt": list(made)}, "\n".join([*lines, summary]))
    return 0
