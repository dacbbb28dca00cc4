"""`ledger head`: write a signed head of the ledger to one file, which `check-proof` reads."""
import argparse
import json
import os
import sys
from itertools import islice
from pathlib import Path

from platform import called
from platform.app.run import Run
from platform.commands.common import add_places
from platform.commands.ledger_verify import with_state
from platform.commands.proof_file import read_proof
from platform.errors import CorruptError, ForbiddenError
from platform.files import write_output
from platform.ledger.journal.ledger import utc_now
from platform.ledger.proof.audit import verify
from platform.report.post_named import post_named
from platform.report.proof import PostProof, Since, Tree, as_json
from platform.report.tree_head import seal, unseal
from platform.signing.dsse import BadSignature
from platform.signing.keys import SigningKey
from platform.signing.open import open_signer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--since", default="", metavar="FILE",
                        help="an older head or proof; prove that nothing before it was rewritten")
    parser.add_argument("--output", "-o", default="", metavar="FILE",
                        help="the file to write (default: standard output)")


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the head is signed and written.
    * 17: there is no private key.
    * 13: the ledger is damaged, or does not extend the older head.
    * 14: the ledger is not the one that was used before; it is not signed."""
    return write_file(arguments)


def write_file(arguments: argparse.Namespace, name: str | None = None) -> int:
    """Write a signed head. If `name` is given, also prove that the post is in the ledger."""
    run = with_state(arguments)
    if not run.sharing.awaits:
        run.guard.check()  # a head of a rolled-back state would contradict earlier signed heads
    proof = made(run, signer(run), name, arguments.since)
    text = json.dumps(as_json(proof), indent=1, ensure_ascii=False) + "\n"
    if arguments.output:
        write_output(Path(arguments.output), text.encode())
        check = called.command(f"ledger check-proof {arguments.output} --public-key KEY")
        text = f"{arguments.output}: check it with `{check}`\n"
    sys.stdout.write(text)
    return 0


def signer(run: Run) -> SigningKey:
    """The profile's private key. ForbiddenError if the profile has none."""
    settings = run.workspace.profile.signing
    key = open_signer(settings, run.workspace.root, os.environ)
    if key is None:
        name = settings.get("key_env", "PLATFORM_SIGNING_KEY")
        raise ForbiddenError(f"{run.workspace.options.runtime_profile}: no private key is set; set "
                             f"{name} to a private key, or set `signing: {{key_file: ...}}` "
                             "(`ledger keygen FILE` creates a key)")
    return key


def made(run: Run, key: SigningKey, name: str | None, since: str) -> PostProof:
    """A signed proof. The journal is made durable before, and it and its tables are verified.

    Raises:
        CorruptError: the state is damaged; nothing is signed then.
    """
    ledger = run.billing.history
    ledger.make_durable()
    if findings := verify(run.workspace.billing_state_dir).findings:
        raise CorruptError(run.workspace.shown_finding(findings[0]))
    size = ledger.book.seq
    index, found = (
        post_named(islice(ledger.records(), size), name) if name is not None else (None, "")
    )
    tree = Tree(islice(ledger.records(), size), index)
    return PostProof(
        seal(tree.head_at(utc_now()), key),
        tree.include(index, found) if index is not None else None,
        _continued(tree, key, since) if since else None,
    )


def _continued(tree: Tree, key: SigningKey, since: str) -> Since:
    older = read_proof(since).head
    try:
        return tree.continues(older, unseal(older, key.public))
    except BadSignature as error:
        raise CorruptError(f"{since}: the head {error}; use a head that this key signed") from error
