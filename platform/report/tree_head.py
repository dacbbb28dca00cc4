"""A signed head of the ledger: how many posts there are, the root of the Merkle tree over their lines, and when. Pure.

A leaf is a line of journal.csv as it stands there, with its line break. Whoever has two heads and a proof that the
first tree is a prefix of the second knows that nothing before the first was rewritten.
"""
import json
from dataclasses import asdict, dataclass

from platform.model.digest import canonical_json
from platform.signing.dsse import BadSignature, Envelope, sign, verify
from platform.signing.keys import PublicKey, SigningKey

TYPE = "application/vnd.platform.ledger-head.v1+json"


@dataclass(frozen=True, slots=True)
class TreeHead:
    """`root_hash` is that of RFC 6962 over the first `tree_size` lines, `journal_hash` the last line's own; both as 64
    hexadecimal digits. `signed_at` is UTC, ISO 8601, with Z."""

    tree_size: int
    root_hash: str
    journal_hash: str
    signed_at: str

    @property
    def root(self) -> bytes:
        return bytes.fromhex(self.root_hash)


def seal(head: TreeHead, key: SigningKey) -> Envelope:
    """A head in an envelope, signed."""
    return sign(TYPE, canonical_json(asdict(head)), key)


def unseal(envelope: Envelope, key: PublicKey) -> TreeHead:
    """The head that this key signed. BadSignature when it did not, or when what it signed is no head."""
    payload = verify(envelope, key, TYPE)
    try:
        head = TreeHead(**json.loads(payload))
        if canonical_json(asdict(head)) == payload and len(head.root) == 32 and head.tree_size >= 0:
            return head
    except (ValueError, TypeError):
        pass
    raise BadSignature("is signed, and is not a head of a ledger")
