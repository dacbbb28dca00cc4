"""`ledger head`: a signed head of the ledger, in one file that `check-proof` reads."""
import argparse
import json
import os
import sys
from itertools import islice
from pathlib import Path

from platform.app.run import Run
from platform.commands.common import add_places
from platform.commands.ledger_verify import with_state
from platform.commands.proof_file import read_proof
from platform.errors import CorruptError, ForbiddenError
from platform.files import write_atomic
from platform.ledger.journal.ledger import utc_now
from platform.report.post_named import post_named
from platform.report.proof import PostProof, Since, Tree, as_json
from platform.report.tree_head import seal, unseal
from platform.signing.dsse import BadSignature
from platform.signing.keys import SigningKey
from platform.signing.open import open_signer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--since", default="", metavar="FILE",
                        help="an older head or proof: prove that nothing before it was rewritten")
    parser.add_argument("--output", "-o", default="", metavar="FILE", help="where to write it (default: it is printed)")


def run(arguments: argparse.Namespace) -> int:
    """0; 17 without a key to sign with, 13 when the ledger is not sound or not an extension of an older head, 14 when
    it is not the one that was used before: that is not signed."""
    return write(arguments)


def write(arguments: argparse.Namespace, name: str | None = None) -> int:
    """Write a head, with the post of that name proved to be in the ledger when one is given."""
    run = with_state(arguments)
    if not run.sharing.awaits:
        run.guard.check()  # a signed head of a state that was rolled back contradicts the one before
    proof = made(run, signer(run), name, arguments.since)
    text = json.dumps(as_json(proof), indent=1, ensure_ascii=False) + "\n"
    if arguments.output:
        write_atomic(Path(arguments.output), text.encode())
        check = f"python -m platform.cli ledger check-proof {arguments.output} --public-key KEY"
        text = f"{arguments.output}: check it with `{check}`\n"
    sys.stdout.write(text)
    return 0


def signer(run: Run) -> SigningKey:
    """The profile's private key; ForbiddenError, saying what to do, when there is none."""
    settings = run.workspace.profile.signing
    key = open_signer(settings, run.workspace.root, os.environ)
    if key is None:
        name = settings.get("key_env", "PLATFORM_SIGNING_KEY")
        raise ForbiddenError(f"{run.workspace.options.runtime_profile}: there is no key to sign with; set {name} to a "
                             "private key, or `signing: {key_file: ...}`; `ledger keygen FILE` makes one")
    return key


def made(run: Run, key: SigningKey, name: str | None, since: str) -> PostProof:
    """What is signed is durable, and was read and verified from its first byte."""
    ledger = run.billing.history
    ledger.make_durable()
    size = ledger.book.seq
    index, found = post_named(islice(ledger.records(), size), name) if name is not None else (None, "")
    tree = Tree(islice(ledger.records(), size), index)
    return PostProof(seal(tree.head_at(utc_now()), key), tree.include(index, found) if index is not None else None,
                     _continued(tree, key, since) if since else None)


def _continued(tree: Tree, key: SigningKey, since: str) -> Since:
    older = read_proof(since).head
    try:
        return tree.continues(older, unseal(older, key.public))
    except BadSignature as error:
        raise CorruptError(f"{since}: the head {error}; take one that this key has signed") from error
