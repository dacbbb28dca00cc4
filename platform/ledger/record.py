"""One line of the journal: `seq,ts,key,tenant_id,kind,body,prev,hash`. Pure: bytes to records and back.

`hash` is the SHA-256 of the line's raw bytes before it, `prev` among them: a line proves all lines above it. The body
is canonical JSON in CSV quotes; nothing else in a line needs quoting, and no line holds a line break.
"""
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from platform.model.entry import Item, Post, PostType

HEADER = b"seq,ts,key,tenant_id,kind,body,prev,hash\n"
GENESIS = "0" * 64  # `prev` of the first line
_TAIL = 1 + 64 + 1 + 64 + 1  # ,prev,hash and the line break


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
    head, digest = line[:-65], line[-65:-1]
    if hashlib.sha256(head).hexdigest().encode() != digest:
        raise BadRecord("does not match its hash")
    fields = head.split(b",", 5)
    if len(fields) != 6 or fields[5][-66:] != b"," + prev.encode() + b",":
        raise BadRecord("does not follow the line before it")
    if fields[0] != str(seq).encode():
        raise BadRecord(f"has number {fields[0].decode(errors='replace')}, {seq} is the next")
    try:
        key, tenant_id, kind = (field.decode() for field in fields[2:5])
        body = fields[5][1:-67].replace(b'""', b'"')
        post = _post(key, tenant_id, kind, json.loads(body.decode()))
        return Record(seq, fields[1].decode(), digest.decode(), post, body)
    except (ValueError, KeyError, TypeError) as error:
        raise BadRecord(f"has a body that is not a post ({error})") from error


def _post(key: str, tenant_id: str, kind: str, body: dict[str, Any]) -> Post:
    items = tuple(Item(**{**item, "type": PostType(item["type"])}) for item in body["items"])
    return Post(key, kind, tenant_id, **{**body, "type": PostType(body["type"]), "items": items})
