"""`ledger check-proof FILE`: verify a proof or head offline, with only the file and the public key.

It needs no repository."""
import argparse
from pathlib import Path

from platform.app.workspace import Options
from platform.commands.common import add_json, root, show
from platform.commands.proof_file import read_proof
from platform.config.load import load_profile
from platform.errors import CorruptError, UsageError
from platform.report.proof import PostProof
from platform.report.proof_check import NotProved, check_proof, facts_as_text, must_continue, result
from platform.report.tree_head import unseal
from platform.signing.dsse import BadSignature
from platform.signing.keys import PublicKey, public_key
from platform.signing.open import known_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE",
                        help="a file that `ledger proof` or `ledger head` wrote")
    parser.add_argument("--public-key", default="", metavar="KEY",
                        help="the key in base64, or a file with the key (default, in a repository: "
                             "the profile's public_key)")
    parser.add_argument("--since", default="", metavar="FILE",
                        help="a head or proof that you kept; check that nothing before it was "
                             "rewritten")
    parser.add_argument("--runtime-profile", default=Options().runtime_profile, metavar="FILE",
                        help="the profile with the default --public-key (default: %(default)s)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status.

    * 0: the proof is valid; the command prints what it proves.
    * 13: the proof is false.
    * 10: the file is not a proof.
    * 2: no public key was given."""
    proof = read_proof(arguments.file)
    key = _key(arguments, proof)
    try:
        proved = check_proof(proof, key)
    except NotProved as error:
        raise CorruptError(f"{arguments.file}: {error}; do not trust any part of the file, and "
                           "request a new one") from error
    if arguments.since:
        try:
            must_continue(proved, unseal(read_proof(arguments.since).head, key))
        except BadSignature as error:
            raise CorruptError(f"{arguments.since}: the head {error}; use a head of this "
                               "ledger") from error
        except NotProved as error:
            raise CorruptError(f"{arguments.file}: {error}") from error
    show(arguments, result(proved), facts_as_text(proved))
    return 0


def _key(arguments: argparse.Namespace, proof: PostProof) -> PublicKey:
    """The trusted public key. It never comes from the file that it verifies."""
    if arguments.public_key:
        return public_key(arguments.public_key)
    try:
        folder = root(arguments)
        profile, _ = load_profile(folder, folder / Path(arguments.runtime_profile))
        known = known_key(profile.signing, folder)
    except UsageError:
        if arguments.workspace:
            raise
        known = None  # outside a workspace
    if known is None:
        names = ", ".join(one.keyid[:12] for one in proof.head.signatures) or "nobody"
        raise UsageError(f"{arguments.file}: a signature proves nothing without the signer's "
                         "public key; give --public-key KEY as the operator published it (the "
                         f"file names the key {names})")
    return known
