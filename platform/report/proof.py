"""A proof file (schemas/ledger_proof.schema.json) as a value, from the journal's records. Pure.

It contains a signed head. On request, it also contains the line of one post with its audit path,
and an older head with the path that connects both heads. Of other lines it contains only hashes.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from platform.errors import CorruptError, StaleError
from platform.ledger.journal.record import GENESIS, Record, encode
from platform.ledger.proof.merkle import consistency, inclusion, leaf_hash, root
from platform.model.words import counted
from platform.report.tree_head import TreeHead
from platform.signing.dsse import Envelope, parse

PROOF_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Line number `index` of the journal (from 0, without the header), and its path.

    `key` is the requested idempotency key: the post's, or that of one of its items.
    """

    index: int
    line: str
    path: tuple[bytes, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Since:
    """An older signed head, and the proof that its tree is a prefix."""

    head: Envelope
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PostProof:
    head: Envelope
    inclusion: Inclusion | None = None
    since: Since | None = None


class Tree:
    """The whole journal as leaf hashes, 32 bytes per post, and the requested line."""

    def __init__(self, records: Iterable[Record], wanted: int | None = None) -> None:
        """`wanted` is the number (from 0) of the line to keep.

        CorruptError if a line is not in the ledger's canonical form.
        """
        self.leaves: list[bytes] = []
        self.head, self.line = GENESIS, b""
        for record in records:
            line, digest = encode(record.seq, record.ts, record.post, record.body, self.head)
            if digest != record.hash:
                raise CorruptError(f"journal.csv:{record.seq + 1}: is not in the ledger's "
                                   "canonical form; restore the line")
            if len(self.leaves) == wanted:
                self.line = line
            self.leaves.append(leaf_hash(line))
            self.head = digest

    def head_at(self, signed_at: str) -> TreeHead:
        """The head of the whole tree, to be signed."""
        return TreeHead(len(self.leaves), root(self.leaves).hex(), self.head, signed_at)

    def include(self, index: int, key: str) -> Inclusion:
        """The proof that the requested line is in the tree."""
        return Inclusion(index, self.line.decode(), inclusion(self.leaves, index), key)

    def continues(self, envelope: Envelope, old: TreeHead) -> Since:
        """That an older head's tree is a prefix of this one. StaleError when this one is
        shorter, CorruptError when it is another: then one of the two is not this ledger's
        history."""
        if old.tree_size > len(self.leaves):
            raise StaleError(f"the older head has {counted(old.tree_size, 'post')}, but this "
                             f"ledger has {len(self.leaves)}: it was rolled back; "
                             "restore the newer state")
        if root(self.leaves[:old.tree_size]) != old.root:
            raise CorruptError(f"up to post {old.tree_size}, this ledger differs from that of the "
                               f"older head, which was signed at {old.signed_at}; restore the "
                               "journal of that head")
        return Since(envelope, consistency(self.leaves, old.tree_size))


def as_json(proof: PostProof) -> dict[str, Any]:
    value: dict[str, Any] = {"format": PROOF_FORMAT, "head": proof.head.as_json()}
    if found := proof.inclusion:
        value["inclusion"] = {
            "index": found.index,
            "key": found.key,
            "line": found.line,
            "path": _hex(found.path),
        }
    if older := proof.since:
        value["since"] = {"head": older.head.as_json(), "path": _hex(older.path)}
    return value


def from_json(value: dict[str, Any]) -> PostProof:
    """The proof in a value that conforms to the schema. ValueError for invalid base64."""
    found, older = value.get("inclusion"), value.get("since")
    return PostProof(
        parse(value["head"]),
        Inclusion(found["index"], found["line"], _bytes(found["path"]), found["key"])
        if found
        else None,
        Since(parse(older["head"]), _bytes(older["path"])) if older else None,
    )


def _hex(path: tuple[bytes, ...]) -> list[str]:
    return [each.hex() for each in path]


def _bytes(path: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(each) for each in path)
