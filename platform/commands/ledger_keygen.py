"""`ledger keygen FILE`: create a private key for heads, proofs and published packages.

It prints the public key."""
import argparse
from pathlib import Path

from platform.commands.common import add_json, show
from platform.signing.keys import generate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the new file for the private key (mode 600)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0; 11 if the file already exists. An existing file is not changed."""
    key = generate(Path(arguments.file))
    result = {"public_key": str(key), "keyid": key.keyid, "private_key_file": arguments.file}
    lines = [
        f"public key   {key}",
        f"key id       {key.keyid}",
        f"private key  {arguments.file}: keep it out of git",
    ]
    show(arguments, result, "\n".join(lines))
    return 0
