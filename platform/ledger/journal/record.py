"""One line of the journal: `seq,ts,key,tenant_id,kind,body,prev,hash`. Pure: bytes to records and
back.

`hash` is the SHA-256 of all the line's bytes before it, including `prev`: a line proves all lines
above it. The body is canonical JSON in CSV quotes. Nothing else in a line needs quotes, and no line
contains a line break.

A hash proves that a line is complete, not that PLATFORM wrote it. The types below define what a
body may contain. msgspec refuses unknown fields, NaN, numbers beyond a double, unpaired surrogates
and bytes that are not UTF-8.
"""
import hashlib
import re
from typing import Any, Literal

from msgspec import Struct, convert
from msgspec.json import Decoder

from platform.ledger.rules.body import body_of
from platform.model.digest import canonical_json
from platform.model.entry import ADJUSTMENT, TRANSFER, Item, Post, PostType
from platform.ports.journal_store import JournalHead

HEADER = b"seq,ts,key,tenant_id,kind,body,prev,hash\n"
GENESIS = "0" * 64  # `prev` of the first line
START = JournalHead(0, GENESIS, len(HEADER))  # before the first line
LINE_BYTES = 1 << 20  # a longer line is never looked up by its end
MAX_NESTING = 64  # of arrays and objects in a body: far from where any reader runs out of stack


class BadRecord(ValueError):
    """A line that is not a record, or not the next one. The message says why."""


class Record(Struct, frozen=True, gc=False):
    """One line, decoded. `ts` is UTC, ISO 8601, with Z."""

    seq: int
    ts: str
    hash: str
    post: Post
    body: bytes  # the post's JSON, as it was hashed


class Body(Struct, gc=False, forbid_unknown_fields=True):
    """The JSON of a post: every field that is not a column of its line."""

    type: PostType
    amount_credits: int
    work_order_id: str
    reason_code: str
    note: str
    items: tuple[Item, ...]
    metadata: dict[str, Any]


class Completion(Struct):
    """What the book reads of a completion: refund epochs of runs by task hash."""

    done: dict[str, int]
    held: dict[str, int]


class Attempted(Struct):
    """What the book reads of a claim, and of the post that voids it."""

    task_hash: str
    refund_epoch: int
    attempt: int
    step_id: str


class Decided(Struct):
    """What the book reads of a person's decision about a delivery."""

    task_hash: str
    refund_epoch: int
    attempt: int
    step_id: str
    decision: Literal["arrived", "resend", "refund"]


class Promoted(Struct):
    """What the book reads of a promotion."""

    promo_code: str
    max_uses_per_tenant: int = 0


class Published(Struct):
    """The fields of a row of published_artifacts.csv that are not columns of the line."""

    step_id: str
    module_id: str
    deliverable_id: str
    artifact_name: str
    sha256: str
    bytes: int
    uri: str
    status: str
    transaction_item_id: str


class Adjusted(Struct):
    """What the book, tables and statements read of an adjustment."""

    reference: str
    corrects: str = ""  # a transaction id
    allow_debt: bool = False


class Transferred(Adjusted, kw_only=True):
    """What book, tables and statements read of a transfer."""

    to_tenant_id: str


_METADATA = {ADJUSTMENT: Adjusted, TRANSFER: Transferred, "completion": Completion,
             "promotion": Promoted, "publish": Published,
             "claim": Attempted, "void": Attempted, "decision": Decided}  # by kind, at least
_BREAKS = re.compile(r'["\r\n\0]')
READ_METADATA = _METADATA.keys()
read_body = Decoder(Body).decode


def encode(seq: int, ts: str, post: Post, body: bytes, prev: str) -> tuple[bytes, str]:
    """The line of a post with its line break, and the line's hash.

    `seq` is its number, `ts` the time (UTC), `body` the JSON of `as_read`, `prev` the hash of the
    line before. BadRecord for text that cannot be part of a line.
    """
    head = (
        f"{seq},{ts},".encode()
        + _front(post)
        + b'"'
        + body.replace(b'"', b'""')
        + b'",'
        + prev.encode()
        + b","
    )
    digest = hashlib.sha256(head).hexdigest()
    return head + digest.encode() + b"\n", digest


def as_read(post: Post) -> tuple[Post, bytes]:
    """A post as every reader of its line sees it, and its JSON. BadRecord for one that nobody could
    read back."""
    try:
        _front(post)
        body = canonical_json(body_of(post))
    except (ValueError, TypeError, RecursionError) as error:
        raise BadRecord(f"cannot be written ({error})") from error
    return _post(post.key, post.kind, post.tenant_id, body), body


def _front(post: Post) -> bytes:
    """What a line has of a post before its body."""
    front = f"{post.key},{post.tenant_id},{post.kind},"
    if front.count(",") != 3 or _BREAKS.search(front):
        raise BadRecord(f"a journal's line cannot have {front!r}")
    return front.encode()


def decode(line: bytes, seq: int, prev: str) -> Record:
    """The record of a whole line, verified to be number `seq` after the line with hash `prev`.
    BadRecord otherwise."""
    if not line.endswith(b"\n"):
        raise BadRecord("has no end")
    if line[-65:-1] != hashlib.sha256(line[:-65]).hexdigest().encode():
        raise BadRecord("does not match its hash")
    if line[-130:-65] != f"{prev},".encode():
        raise BadRecord("does not follow the line before it")
    if not line.startswith(f"{seq},".encode()):
        raise BadRecord(
            f"has number {line.partition(b',')[0].decode(errors='replace')}, {seq} is the next"
        )
    return read(line)


def ends_at(tail: bytes, seq: int, hash_: str) -> bool:
    """Whether these bytes end with line `seq` that has this hash. LINE_BYTES of a journal
    suffice; a longer line is taken for another one."""
    *before, line, rest = (b"", *tail.rsplit(b"\n", 2))
    return (
        len(before) == 2
        and not rest
        and line.startswith(b"%d," % seq)
        and line.endswith(f",{hash_}".encode())
    )


def read(line: bytes) -> Record:
    """The record of a line whose hash and place somebody else verifies. BadRecord when it is not a
    record."""
    try:
        front, _, rest = line.partition(b',"')
        number, ts, key, tenant_id, kind = front.decode().split(",")
        if rest[-132:-130] != b'",':
            raise BadRecord("has more than a body")
        text = rest[:-132].replace(b'""', b'"')
        return Record(
            int(number), ts, line[-65:-1].decode(), _post(key, kind, tenant_id, text), text
        )
    except BadRecord:
        raise
    except ValueError as error:
        raise BadRecord(f"has a body that is not a post ({error})") from error


def _post(key: str, kind: str, tenant_id: str, text: bytes) -> Post:
    try:
        body = read_body(text)
        check_nesting(body, text)
        check_metadata(kind, body)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise BadRecord(f"has a body that is not a post ({error})") from error
    return Post(
        key,
        kind,
        tenant_id,
        body.type,
        body.amount_credits,
        body.work_order_id,
        body.reason_code,
        body.note,
        body.items,
        body.metadata,
    )


def check_metadata(kind: str, body: Body) -> None:
    """ValueError when metadata lacks something that readers of this kind need."""
    if kind in _METADATA:
        convert(body.metadata, _METADATA[kind])


def check_nesting(of: Post | Body, text: bytes) -> None:
    """BadRecord when metadata is nested too deeply. It checks level by level, so that it needs no
    stack itself."""
    if text.count(b"{") + text.count(b"[") <= MAX_NESTING:
        return
    level: list[Any] = [of.metadata, *(item.metadata for item in of.items)]
    for _ in range(MAX_NESTING):
        level = [inner for outer in level if isinstance(outer, dict | list)
                 for inner in (outer.values() if isinstance(outer, dict) else outer)]
        if not level:
            return
    raise BadRecord(f"is nested deeper than {MAX_NESTING} levels")
