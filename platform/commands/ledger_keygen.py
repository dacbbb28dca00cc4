"""`ledger keygen FILE`: a private key for heads, proofs and published packages; its public key is printed."""
import argparse
from pathlib import Path

from platform.commands.common import add_json, show
from platform.signing.keys import generate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="where to write the private key (mode 600); a new file")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0; 11 when the file is there, which is left as it is."""
    key = generate(Path(arguments.file))
    told = {"public_key": str(key), "keyid": key.keyid, "private_key_file": arguments.file}
    lines = [f"public key   {key}", f"key id       {key.keyid}", f"private key  {arguments.file}: keep it out of git"]
    show(arguments, told, "\n".join(lines))
    return 0
