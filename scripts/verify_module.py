"""One module: its contract, and its self-test in the sandbox, in a throw-away folder, for no
money."""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.cli import script
from platform.commands import module
from platform.commands.common import add_json, add_places


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--module-id", required=True, metavar="ID", help="which module")
    add_json(parser)


if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, module.run))
