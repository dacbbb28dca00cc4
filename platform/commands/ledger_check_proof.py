"""`ledger check-proof FILE`: offline, anywhere, by that file and the public key alone."""
import argparse
from pathlib import Path

from platform.app.workspace import Options
from platform.commands.common import add_json, root, show
from platform.commands.proof_file import read_proof
from platform.config.load import load_profile
from platform.errors import CorruptError, UsageError
from platform.report.proof import PostProof
from platform.report.proof_check import NotProved, check, in_plain_words, must_continue, result
from platform.report.tree_head import unseal
from platform.signing.dsse import BadSignature
from platform.signing.keys import PublicKey, public_key
from platform.signing.open import known_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="what `ledger proof` or `ledger head` wrote")
    parser.add_argument("--public-key", default="", metavar="KEY",
                        help="base64, or a file that holds it (default, in a repository: the profile's public_key)")
    parser.add_argument("--since", default="", metavar="FILE",
                        help="a head or proof that you kept: nothing before it may have been rewritten")
    parser.add_argument("--runtime-profile", default=Options().runtime_profile, metavar="FILE",
                        help="where the default of --public-key is (default: %(default)s)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 and what is proved; 13 when it does not verify, 10 when the file is no proof, 2 without a public key."""
    proof = read_proof(arguments.file)
    key = _key(arguments, proof)
    try:
        proved = check(proof, key)
    except NotProved as error:
        raise CorruptError(f"{arguments.file}: {error}; believe nothing in it, and ask for another") from error
    if arguments.since:
        try:
            must_continue(proved, unseal(read_proof(arguments.since).head, key))
        except BadSignature as error:
            raise CorruptError(f"{arguments.since}: the head {error}; take one of this ledger's") from error
        except NotProved as error:
            raise CorruptError(f"{arguments.file}: {error}") from error
    show(arguments, result(proved), in_plain_words(proved))
    return 0


def _key(arguments: argparse.Namespace, proof: PostProof) -> PublicKey:
    """The key to believe. It never comes out of the file that it is to vouch for."""
    if arguments.public_key:
        return public_key(arguments.public_key)
    try:
        folder = root()
        profile, _ = load_profile(folder, folder / Path(arguments.runtime_profile))
        known = known_key(profile.signing, folder)
    except UsageError:
        known = None  # outside a repository
    if known is None:
        names = ", ".join(one.keyid[:12] for one in proof.head.signatures) or "nobody"
        raise UsageError(f"{arguments.file}: a signature proves nothing without the signer's public key; give "
                         f"--public-key KEY as the operator published it (the file names the key {names})")
    return known
