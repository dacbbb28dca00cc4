"""One line of the journal: `seq,ts,key,tenant_id,kind,body,prev,hash`. Pure: bytes to records and back.

`hash` is the SHA-256 of the line's raw bytes before it, `prev` among them: a line proves all lines above it. The body
is canonical JSON in CSV quotes; nothing else in a line needs quoting, and no line holds a line break.
"""
import hashlib
import json
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from platform.model.entry import Item, Post, PostType

HEADER = b"seq,ts,key,tenant_id,kind,body,prev,hash\n"
GENESIS = "0" * 64  # `prev` of the first line
_DECODER = json.JSONDecoder()
_FIELDS = 7
_in_body = itemgetter("type", "amount_credits", "work_order_id", "reason_code", "note", "items", "metadata")


class BadRecord(ValueError):
    """A line that is not a record, or not the next one; the message says what of it."""


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
        return Record(seq, ts, digest, _post(key, tenant_id, kind, value), body.encode())
    except BadRecord:
        raise
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(f"has a body that is not a post ({error})") from error


def _post(key: str, tenant_id: str, kind: str, body: dict[str, Any]) -> Post:
    type_, amount_credits, work_order_id, reason_code, note, items, metadata = _in_body(body)
    if len(body) != _FIELDS:
        raise ValueError("it has a field that no post has")
    return Post(key, kind, tenant_id, PostType(type_), amount_credits, work_order_id, reason_code, note,
                tuple(Item(**{**item, "type": PostType(item["type"])}) for item in items) if items else (), metadata)
