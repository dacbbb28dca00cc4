"""One line of the journal: `seq,ts,key,tenant_id,kind,body,prev,hash`. Pure: bytes to records and back.

`hash` is the SHA-256 of the line's raw bytes before it, `prev` among them: a line proves all lines above it. The body
is canonical JSON in CSV quotes; nothing else in a line needs quoting, and no line holds a line break.
"""
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from operator import itemgetter
from typing import Any

from platform.model.digest import canonical_json
from platform.model.entry import Item, Post, PostType

HEADER = b"seq,ts,key,tenant_id,kind,body,prev,hash\n"
GENESIS = "0" * 64  # `prev` of the first line
_FIELDS = 7
PUBLISHED = {"step_id": str, "module_id": str, "deliverable_id": str, "artifact_name": str, "sha256": str, "bytes": int,
             "uri": str, "status": str, "transaction_item_id": str}  # of what was published, at least
_in_body = itemgetter("type", "amount_credits", "work_order_id", "reason_code", "note", "items", "metadata")


class BadRecord(ValueError):
    """A line that is not a record, or not the next one; the message says what of it."""


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text} is no number")
    return number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)


@dataclass(frozen=True, slots=True)
class Record:
    """A line, read. `ts` is UTC, ISO 8601, with Z."""

    seq: int
    ts: str
    hash: str
    post: Post
    body: bytes  # the post's JSON, as it was hashed


def encode(seq: int, ts: str, post: Post, body: bytes, prev: str) -> tuple[bytes, str]:
    """The line of a post with its line break, and its hash. ValueError when a field would need quotes."""
    front = f"{seq},{ts},{post.key},{post.tenant_id},{post.kind},"
    if front.count(",") != 5 or any(character in front for character in '"\r\n\0'):
        raise ValueError(f"a journal's line cannot begin {front!r}")
    head = front.encode() + b'"' + body.replace(b'"', b'""') + b'",' + prev.encode() + b","
    digest = hashlib.sha256(head).hexdigest()
    return head + digest.encode() + b"\n", digest


def decode(line: bytes, seq: int, prev: str) -> Record:
    """The record of a whole line, checked to be number `seq` after the line with hash `prev`. BadRecord otherwise."""
    if not line.endswith(b"\n"):
        raise BadRecord("has no end")
    head, digest = line[:-65], hashlib.sha256(line[:-65]).hexdigest()
    if line[-65:-1] != digest.encode():
        raise BadRecord("does not match its hash")
    try:
        fields = head.decode().split(",", 5)
        if len(fields) != 6 or not fields[5].endswith(f",{prev},"):
            raise BadRecord("does not follow the line before it")
        number, ts, key, tenant_id, kind, rest = fields
        if number != str(seq):
            raise BadRecord(f"has number {number}, {seq} is the next")
        body = rest[1:-67].replace('""', '"')
        value, end = _DECODER.raw_decode(body)
        if end != len(body):
            raise BadRecord("has more than a body")
        if "\\ud" in body or "\\uD" in body:
            canonical_json(value)  # refuses half of a character, which no file of ours can hold
        return Record(seq, ts, digest, _post(key, tenant_id, kind, value), body.encode())
    except BadRecord:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRecord(f"has a body that is not a post ({error})") from error


def _post(key: str, tenant_id: str, kind: str, body: dict[str, Any]) -> Post:
    type_, amount_credits, work_order_id, reason_code, note, items, metadata = _in_body(body)
    if len(body) != _FIELDS:
        raise ValueError("it has a field that no post has")
    if not (type(amount_credits) is int and type(work_order_id) is str and type(reason_code) is str
            and type(note) is str and type(items) is list and type(metadata) is dict):
        raise ValueError("a field of it is of another type")
    if kind in _TOLD and not _TOLD[kind](metadata):
        raise ValueError(f"its metadata are not those of a {kind}")
    return Post(key, kind, tenant_id, PostType(type_), amount_credits, work_order_id, reason_code, note,
                tuple(map(_item, items)) if items else (), metadata)


def _item(fields: dict[str, Any]) -> Item:
    item = Item(**{**fields, "type": PostType(fields["type"])})
    if not (type(item.amount_credits) is int and type(item.refund_epoch) is int and type(item.key) is str
            and type(item.module_id) is str and type(item.step_id) is str and type(item.deliverable_id) is str
            and type(item.task_hash) is str and type(item.note) is str and type(item.metadata) is dict):
        raise ValueError("a field of an item is of another type")
    return item


def _are_epochs(value: object) -> bool:
    return type(value) is dict and all(type(epoch) is int for epoch in value.values())


# What the book and the projections read, by kind: a hash proves that a line is whole, not that it is one of ours.
_TOLD: dict[str, Callable[[dict[str, Any]], bool]] = {
    "completion": lambda told: _are_epochs(told.get("done")) and _are_epochs(told.get("held")),
    "promotion": lambda told: type(told.get("promo_code")) is str and type(told.get("max_uses_per_tenant", 0)) is int,
    "publish": lambda told: PUBLISHED.keys() <= told.keys() and all(
        type(told[name]) is form for name, form in PUBLISHED.items()),
}
