"""journal.snapshot: the book at one line of the journal, so that opening replays only later lines.
Pure.

A snapshot can be deleted at any time and is never trusted over the journal. It is used only when
its own digest is right and the journal's first `bytes` bytes have the SHA-256 that they had when it
was written. The process that wrote it had verified those bytes line by line, or had started at an
earlier snapshot in the same way. So the same bytes give the same book, and every later line is
verified now. A snapshot that is damaged, of another version or of another journal is ignored.

The digests cannot prove that nobody forged a book together with its digest. `ledger verify`, `fsck`
and `--rebuild` therefore never start at a snapshot. `verify` replays the journal, renders its own
book at the snapshot's line, and compares the bytes.
"""
import hashlib
import struct
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from msgspec import Struct, structs
from msgspec.json import Decoder

from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Account, Facts, States, Tables
from platform.model.digest import canonical_json
from platform.model.entry import Item
from platform.model.ids import OrderId

NAME = "journal.snapshot"
FEWEST_POSTS = 10_000  # a journal that grew by less is replayed: a small state stays simple
# ... and by a part of what is in the book, so that writing it again and again stays cheap
_SHARE = 16
_MAGIC = b"platform-snapshot-3 "
# a task's states or facts by their number
_POST, _TASK = struct.Struct("<15sQ"), struct.Struct("<15sI")
_Value = TypeVar("_Value")
POST_BYTES = _POST.size


class Point(NamedTuple):
    """How far the journal was read: its size in bytes, its lines, the last hash, and the SHA-256 of
    all those bytes."""

    bytes: int
    seq: int
    head: str
    sha256: str


class _Pointed(Struct):
    """The first line, as far as everybody reads it."""

    point: Point


class _Front(_Pointed):
    """The first line."""

    rows: tuple[int, int, int]
    accounts: list[tuple[str, int, str]]
    uses: list[tuple[str, str, int]]
    states: list[States]
    facts: list[Facts]
    open: list[tuple[str, str, list[tuple[str, Item]]]]


_read_point, _read_front = Decoder(_Pointed).decode, Decoder(_Front).decode


def is_due(seq: int, last_seq: int, fewest: int) -> bool:
    """Whether writing a snapshot costs less than the replays that it saves. `last_seq` is the line
    of the last one."""
    return seq - last_seq >= max(fewest, seq // _SHARE)


def render(point: Point, book: Book, posts: bytes | bytearray | None = None) -> bytes:
    """The file's bytes: the same for the same journal. `posts` are `post_rows` of the book's posts,
    when they are known."""
    tables = book.tables()
    states, facts = _numbered(tables.tasks.values()), _numbered(tables.facts.values())
    front = canonical_json(
        {
            "point": point,
            "rows": [len(tables.posts), len(tables.tasks), len(tables.facts)],
            "accounts": [
                [tenant, *structs.astuple(account)] for tenant, account in tables.accounts.items()
            ],
            "uses": [[*used, count] for used, count in tables.uses.items()],
            "states": list(states),
            "facts": list(facts),
            "open": [
                [
                    *order,
                    [
                        [key, structs.asdict(item)]
                        for key, item in items.items()
                        if item is not None
                    ],
                ]
                for order, items in tables.open.items()
            ],
        }
    )
    rest = b"".join([
        front, b"\n", post_rows(tables.posts.items()) if posts is None else posts,
        *(_TASK.pack(task, states[held]) for task, held in tables.tasks.items()),
        *(_TASK.pack(task, facts[known]) for task, known in tables.facts.items())])
    return _MAGIC + hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def post_rows(posts: Iterable[tuple[bytes, int]]) -> bytes:
    """The posts as the file stores them, by key and mark: POST_BYTES each."""
    return b"".join([_POST.pack(*row) for row in posts])


def parse(data: bytes) -> tuple[Point, Book]:
    """The point and the book in a file's bytes. ValueError when they are not what `render` wrote.
    """
    front, rows = _parts(data)
    try:
        told = _read_front(front)
        posts, tasks, ran = told.rows
        after_posts = posts * _POST.size
        after_tasks = after_posts + tasks * _TASK.size
        if len(rows) != after_tasks + ran * _TASK.size:
            raise ValueError("does not have the rows that it names")
        return told.point, Book.of(
            told.point.seq,
            Tables(
                posts=dict(_POST.iter_unpack(rows[:after_posts])),
                accounts={tenant: Account(balance, at) for tenant, balance, at in told.accounts},
                tasks={
                    task: told.states[at]
                    for task, at in _TASK.iter_unpack(rows[after_posts:after_tasks])
                },
                uses={(tenant, code): count for tenant, code, count in told.uses},
                facts={task: told.facts[at] for task, at in _TASK.iter_unpack(rows[after_tasks:])},
                open={OrderId(tenant, order): dict(items) for tenant, order, items in told.open},
            ),
        )
    except (LookupError, OverflowError, RecursionError, struct.error) as error:
        raise ValueError(f"is not a snapshot ({error})") from error


def point_of(data: bytes) -> Point:
    """The point alone, for a caller that has the book. ValueError when the file is not a
    snapshot."""
    try:
        return _read_point(_parts(data)[0]).point
    except RecursionError as error:
        raise ValueError(f"is not a snapshot ({error})") from error


def _parts(data: bytes) -> tuple[bytes, memoryview]:
    first, _, rest = data.partition(b"\n")
    if first != _MAGIC + hashlib.sha256(rest).hexdigest().encode():
        raise ValueError("does not match its own digest, or is of another version")
    end = rest.index(b"\n") + 1
    return rest[:end], memoryview(rest)[end:]


def _numbered(values: Iterable[_Value]) -> dict[_Value, int]:
    return {value: number for number, value in enumerate(dict.fromkeys(values))}
