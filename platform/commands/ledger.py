"""`ledger`: the journal checked, its projections made again, handed on, explained, signed and proved. One file each."""
import argparse
from importlib import import_module

from platform.commands.parser import Parser

# name -> (module in platform.commands, what it is for)
COMMANDS = {
    "verify": ("ledger_verify", "chain, keys, sums, balances at every point and projections; changes nothing"),
    "fsck": ("ledger_fsck", "say what is wrong; --rebuild makes the projections again from a sound journal"),
    "export": ("ledger_export", "every post for other programs: CSV, JSON lines or beancount"),
    "audit": ("ledger_audit", "explain every credit by orders, prices, payments and run records; 1 when one is not"),
    "head": ("ledger_head", "sign how many posts there are and the root of their Merkle tree"),
    "proof": ("ledger_proof", "prove to a tenant that a post is in the ledger, in one file"),
    "check-proof": ("ledger_check_proof", "verify a head or a proof, offline, by that file and the public key alone"),
    "keygen": ("ledger_keygen", "make a private key to sign with, and print the public one"),
}


def add_arguments(parser: Parser) -> None:
    for name, (module, purpose) in COMMANDS.items():
        command, room = parser.add_command(name, purpose), import_module(f"platform.commands.{module}")
        room.add_arguments(command)
        command.set_defaults(act=room.run)


def run(arguments: argparse.Namespace) -> int:
    return int(arguments.act(arguments))
