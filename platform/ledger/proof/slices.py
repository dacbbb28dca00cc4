"""A long journal, verified in slices on all processors. Pure.

Each slice is compared with the number and the hash that the line before it states; that line's own
slice proves them. All slices together prove the chain. A sound slice gives the size and digest of
its rows in each table, and what the book needs, packed. A slice that is not sound gives nothing:
line_by_line.py then finds the first error.
"""
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from msgspec.msgpack import Decoder, Encoder

from platform.ledger.journal import columns
from platform.ledger.journal.checkpoint import FileState
from platform.ledger.journal.columns import Columns
from platform.ledger.journal.compare import TableCheck
from platform.ledger.journal.projections import rows
from platform.ledger.journal.record import GENESIS, HEADER, READ_METADATA, BadRecord, read
from platform.ledger.journal.replay import Known
from platform.ledger.journal.snapshot import post_rows
from platform.ledger.proof.crew import MOST
from platform.ledger.rules.tables import SHORT, mark, short

_SLICE = 1 << 19  # bytes, about


class Part(NamedTuple):
    """What some lines add to a table: the rows' size and SHA-256."""

    bytes: int
    sha256: str


class Proof(NamedTuple):
    """The result of a sound slice."""

    parts: Mapping[str, Part]  # by the table's name
    posts: bytes  # `snapshot.post_rows`
    packed: bytes  # Known, one a line


_pack, _unpack = Encoder().encode, Decoder(list[Known]).decode
_READ = READ_METADATA - {"publish"}  # of these kinds a book looks at metadata
Slice = tuple[int, int]  # where it begins and ends, in bytes


def cut(journal: bytes, also: int, slice_bytes: int = _SLICE) -> list[Slice]:
    """Where slices begin and end: after the header, each at the end of a line, one of them at
    `also` when a line ends there. There are never more than a crew can number."""
    slice_bytes = max(slice_bytes, len(journal) // (MOST - 1))
    ends = [len(HEADER)]
    while ends[-1] < len(journal):
        ends.append(journal.find(b"\n", ends[-1] + slice_bytes) + 1 or len(journal))
    if ends[0] < also < ends[-1] and journal[also - 1:also] == b"\n":
        ends = sorted({*ends, also})
    return list(pairwise(ends))


def prove(journal: bytes, start: int, end: int) -> Proof | None:
    """What the lines of a slice add up to; None when one of them is not the record that belongs
    there."""
    try:
        lines = columns.read_columns(journal[start:end], *_before(journal, start))
        kept = [(digest[:SHORT], mark(tenant_id, kind, text)) for digest, tenant_id, kind, text
                in zip(lines.digests, lines.tenants, lines.kinds, lines.texts, strict=True)]
        packed = _pack(_known(lines, kept))
    # a number that no packed number can be: it may be right, and is read in full
    except (BadRecord, OverflowError):
        return None
    parts = {name: Part(len(data), sha256(data).hexdigest()) for name, data in rows(lines).items()}
    return Proof(parts, post_rows(kept), packed)


def rows_in(journal: bytes, place: Slice, name: str) -> bytes:
    """The rows that a slice adds to a table, in full. BadRecord when a line is not the record that
    belongs there."""
    start, end = place
    return rows(columns.read_columns(journal[start:end], *_before(journal, start)))[name]


def known_in(proof: Proof) -> list[Known]:
    """What the book needs of each line of a slice."""
    return _unpack(proof.packed)


class Table:
    """A table, held against what slices add to it, as they come. It may end early, as a crash
    leaves it. CorruptError when it is wrong."""

    def __init__(self, path: Path, there: bytes, header: bytes) -> None:
        self._check, self._there, self._view = TableCheck(path), there, memoryview(there)
        self._has_ended = False
        self._check.take(header, there[:len(header)])

    def take(self, part: Part, whole: Callable[[], bytes]) -> None:
        """`whole`: the part's bytes, for the one in which the table ends or is wrong."""
        at = self._check.at
        mine = bytes(self._view[at:at + part.bytes])
        if part.bytes and not mine:
            self._has_ended = True
        if not self._has_ended:
            is_same = len(mine) == part.bytes and sha256(mine).hexdigest() == part.sha256
            self._check.take(mine if is_same else whole(), mine)

    def state(self) -> FileState | None:
        """What the table is up to there; None when it ends before."""
        return None if self._has_ended or len(self._there) < self._check.at else self._check.state()

    def is_right(self) -> bool:
        """Of all that was taken: whether the table has no more than that."""
        return self._has_ended or len(self._there) <= self._check.at


def _before(journal: bytes, start: int) -> tuple[int, str]:
    """The number and the hash that the line before a slice states; its own slice has to prove them.
    """
    if start == len(HEADER):
        return 0, GENESIS
    line = journal[journal.rfind(b"\n", 0, start - 1) + 1:start]
    record = read(line)
    return record.seq, record.hash


def _known(of: Columns, kept: Sequence[tuple[bytes, int]]) -> list[tuple[object, ...]]:
    """What unpacks as `Known`, without what no book looks at: most metadata, words, the key."""
    return [
        (
            seq,
            line_hash,
            at,
            (key, mark, [short(item.task_hash) for item in body.items]),
            (
                "",
                kind,
                tenant_id,
                body.type,
                body.amount_credits,
                body.work_order_id,
                "",
                "",
                body.items,
                body.metadata if kind in _READ else {},
            ),
        )
        for seq, line_hash, at, (key, mark), tenant_id, kind, body in zip(
            of.seqs, of.hashes, of.times, kept, of.tenants, of.kinds, of.bodies, strict=True
        )
    ]
