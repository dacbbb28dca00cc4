"""The invariants of the repository: what is written, what is derived, its workflows, and what git
may not have."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.cli import script
from platform.commands.common import add_json, add_places, open_run
from platform.errors import InputError
from platform.verify.repository import invariants
from platform.verify.verdict import print_verdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when every check is ok; 10 when what somebody wrote is wrong; 1 when something else is."""
    run = open_run(arguments)
    if print_verdict("platform", invariants(run), arguments.json):
        return 0
    return (
        InputError.exit_status
        if any(not problem.warning for problem in run.snapshot.problems)
        else 1
    )


if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
