"""A signed head of the ledger: the number of posts, the root of a Merkle tree, and the time. Pure.

A leaf of the tree is a line of journal.csv with its line break. With two heads, and a proof that
the first tree is a prefix of the second, anyone can verify that no earlier line was rewritten.
"""
import json
from dataclasses import asdict, dataclass

from platform.model.digest import canonical_json
from platform.signing.dsse import BadSignature, Envelope, sign, verify
from platform.signing.keys import PublicKey, SigningKey

TYPE = "application/vnd.platform.ledger-head.v1+json"


@dataclass(frozen=True, slots=True)
class TreeHead:
    """A head.

    `root_hash` is RFC 6962's root over the first `tree_size` lines, `journal_hash` the hash in the
    last line. Both have 64 hexadecimal digits. `signed_at` is UTC, ISO 8601, with Z.
    """

    tree_size: int
    root_hash: str
    journal_hash: str
    signed_at: str

    @property
    def root(self) -> bytes:
        return bytes.fromhex(self.root_hash)


def seal(head: TreeHead, key: SigningKey) -> Envelope:
    """A head in a signed envelope."""
    return sign(TYPE, canonical_json(asdict(head)), key)


def unseal(envelope: Envelope, key: PublicKey) -> TreeHead:
    """The head that this key signed. BadSignature if it did not sign it, or if it is not a head."""
    payload = verify(envelope, key, TYPE)
    try:
        head = TreeHead(**json.loads(payload))
        if canonical_json(asdict(head)) == payload and len(head.root) == 32 and head.tree_size >= 0:
            return head
    except (ValueError, TypeError):
        pass
    raise BadSignature("is signed, but is not a head of a ledger")
