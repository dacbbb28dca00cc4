"""`ledger`: verify, rebuild, export, audit, sign and prove the ledger. Each command has a file."""
import argparse
from importlib import import_module

from platform.commands.parser import Parser

# name -> (module in platform.commands, purpose)
COMMANDS = {
    "verify": ("ledger_verify",
               "check the chain, keys, sums, every balance and the projections; change nothing"),
    "fsck": ("ledger_fsck",
             "report what is wrong; --rebuild rebuilds the projections from a sound journal"),
    "export": ("ledger_export",
               "export every post for other programs: CSV, JSON lines or beancount"),
    "audit": ("ledger_audit",
              "explain every credit by orders, prices, payments and run records; 1 if one has no "
              "explanation"),
    "head": ("ledger_head", "sign the number of posts and the root of their Merkle tree"),
    "proof": ("ledger_proof", "write a file that proves to a tenant that a post is in the ledger"),
    "check-proof": ("ledger_check_proof",
                    "verify a head or a proof offline, with only that file and the public key"),
    "keygen": ("ledger_keygen", "create a private key for signatures, and print its public key"),
}


def add_arguments(parser: Parser) -> None:
    for name, (module, purpose) in COMMANDS.items():
        subparser = parser.add_command(name, purpose)
        command = import_module(f"platform.commands.{module}")
        command.add_arguments(subparser)
        subparser.set_defaults(act=command.run)


def run(arguments: argparse.Namespace) -> int:
    return int(arguments.act(arguments))
