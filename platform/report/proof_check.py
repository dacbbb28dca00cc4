"""Check a proof file with a public key: what it proves, or why it is false. Pure, without a ledger.

The facts come only from the proved line, never from other fields of the file.
"""
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from platform.errors import CorruptError
from platform.ledger.journal.record import BadRecord, Record, decode
from platform.ledger.proof.merkle import is_consistent, is_included, leaf_hash
from platform.model.characters import one_line
from platform.model.digest import derived_id
from platform.model.entry import Item, Side, sides
from platform.model.words import counted, in_credits
from platform.report.post_description import describe_item, describe_post
from platform.report.proof import Inclusion, PostProof
from platform.report.tree_head import TreeHead, unseal
from platform.signing.dsse import BadSignature, Envelope
from platform.signing.keys import PublicKey


class NotProved(CorruptError):
    """A false proof. The message has no file name: the caller knows the file."""


@dataclass(frozen=True, slots=True)
class Proved:
    """`record` is the post in the ledger, `item` the requested item of it.

    `since` is the older head; the ledger extends that head's ledger.
    """

    keyid: str
    head: TreeHead
    record: Record | None
    item: Item | None
    since: TreeHead | None
    side: Side | None = None  # of the tenant that the proof is for


def check_proof(proof: PostProof, key: PublicKey) -> Proved:
    """What a proof proves to a reader who trusts the key's owner.

    NotProved if a part does not follow from the signed head.
    """
    head = _head(proof.head, key, "the head")
    record = item = since = side = None
    if proof.inclusion:
        record, item, side = _included(proof.inclusion, head)
    if proof.since:
        since = _head(proof.since.head, key, "the older head")
        if not is_consistent(
            since.tree_size, since.root, head.tree_size, head.root, proof.since.path
        ):
            raise NotProved(f"does not prove that the head's ledger of {head.tree_size} extends "
                            f"the older head's ledger of {since.tree_size}: posts may have been "
                            "rewritten")
    return Proved(key.keyid, head, record, item, since, side)


def must_continue(proved: Proved, own: TreeHead) -> None:
    """NotProved unless the proof connects to `own`, or to a head with the same posts."""
    known = [head for head in (proved.head, proved.since) if head]
    if not any(
        (head.tree_size, head.root_hash) == (own.tree_size, own.root_hash) for head in known
    ):
        raise NotProved(f"does not connect to your head of {counted(own.tree_size, 'post')}, "
                        f"signed at {own.signed_at}; "
                        "ask for a proof that was made with --since that head")


def _head(envelope: Envelope, key: PublicKey, name: str) -> TreeHead:
    try:
        return unseal(envelope, key)
    except BadSignature as error:
        raise NotProved(f"{name} {error}") from error


def _included(found: Inclusion, head: TreeHead) -> tuple[Record, Item | None, Side]:
    line = found.line.encode(errors="surrogatepass")
    if not is_included(leaf_hash(line), found.index, head.tree_size, found.path, head.root):
        raise NotProved(f"its line is not post {found.index + 1} of the {head.tree_size} posts in "
                        "the signed head")
    try:
        record = decode(line, found.index + 1, line[-130:-66].decode())
    except (BadRecord, UnicodeDecodeError) as error:
        raise NotProved(f"its line is signed, but {error}") from error
    item = next((item for item in record.post.items if item.key == found.key), None)
    if item is None and found.key not in [side.key for side in sides(record.post)]:
        raise NotProved(
            f"its line is about {one_line(record.post.key)}, not about {one_line(found.key)}"
        )
    side = next(
        (side for side in sides(record.post) if side.key == found.key), sides(record.post)[0]
    )
    return record, item, side


def result(proved: Proved) -> dict[str, Any]:
    """As JSON: the head and, if they are proved, the post, its item and the older head."""
    post, side = proved.record.post if proved.record else None, proved.side
    return {
        "keyid": proved.keyid,
        "head": asdict(proved.head),
        "since": asdict(proved.since) if proved.since else None,
        "post": {
            "position": proved.record.seq,
            "posted_at": proved.record.ts,
            "tenant_id": side.tenant_id,
            "work_order_id": post.work_order_id,
            "kind": post.kind,
            "type": post.type.value,
            "amount_credits": side.amount_credits,
            "transaction_id": derived_id(side.key),
            "idempotency_key": side.key,
        }
        if post and side and proved.record
        else None,
        "item": {
            "transaction_item_id": derived_id(proved.item.key),
            "idempotency_key": proved.item.key,
            "type": proved.item.type.value,
            "amount_credits": proved.item.amount_credits,
            "step_id": proved.item.step_id,
            "deliverable_id": proved.item.deliverable_id,
        }
        if proved.item
        else None,
    }


def facts_as_text(proved: Proved) -> str:
    """One line per fact, named in the first column. Terminal escapes in texts are removed."""
    return "\n".join(f"{name:<10}{one_line(text)}" for name, text in _facts(proved))


def _facts(proved: Proved) -> Iterator[tuple[str, str]]:
    head, record, item, side = proved.head, proved.record, proved.item, proved.side
    if record and side:
        post = record.post
        yield "proved", f"post {record.seq} of {head.tree_size} in the ledger"
        yield "tenant", side.tenant_id
        purpose = describe_post(post, side.tenant_id)
        yield post.type.value, f"{in_credits(side.amount_credits)}: {purpose}"
        if item:
            yield "item", (f"{in_credits(item.amount_credits)}: {describe_item(item)}, "
                           f"{derived_id(item.key)}")
        yield "posted", f"{record.ts} in transaction {derived_id(side.key)}"
    else:
        yield "proved", f"a ledger of {counted(head.tree_size, 'post')}"
    if proved.since:
        since = proved.since
        yield "unchanged", f"up to post {since.tree_size}, since the head of {since.signed_at}"
    yield "head", f"root {head.root_hash}, signed at {head.signed_at} by the key {proved.keyid}"
