"""A long journal proved sound in slices, on all processors. Pure.

Each slice is held to the hash and the number that the line before it states, which that line's own slice proves: so all
of them together are the chain. A slice that is sound gives what its lines add to each table, as length and digest, and
what the book has to know of them, packed; one that is not gives nothing, for what is wrong first is told by who reads
from the start.
"""
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from msgspec.msgpack import Decoder, Encoder

from platform.ledger import columns
from platform.ledger.columns import Columns
from platform.ledger.crew import MOST
from platform.ledger.projections import rows
from platform.ledger.record import GENESIS, HEADER, BadRecord, read
from platform.ledger.replay import Known
from platform.ledger.tables import SHORT, mark, short

_SLICE = 1 << 19  # bytes, about


class Part(NamedTuple):
    """What some lines add to a table."""

    bytes: int
    sha256: str


Parts = Mapping[str, Part]  # by the table's name


class Proof(NamedTuple):
    """Of a slice that is sound."""

    parts: Parts
    packed: bytes  # Known, one a line


_pack, _unpack = Encoder().encode, Decoder(list[Known]).decode
Slice = tuple[int, int]  # where it begins and ends, in bytes


def cut(journal: bytes, slice_bytes: int = _SLICE) -> list[Slice]:
    """Where slices begin and end: after the header, each at the end of a line; no more than a crew can number."""
    slice_bytes = max(slice_bytes, len(journal) // MOST)
    ends = [len(HEADER)]
    while ends[-1] < len(journal):
        ends.append(journal.find(b"\n", ends[-1] + slice_bytes) + 1 or len(journal))
    return list(pairwise(ends))


def prove(journal: bytes, start: int, end: int) -> Proof | None:
    """What the lines of a slice come to; None when one of them is not the record that has to stand there."""
    try:
        lines = columns.read(journal[start:end], *_before(journal, start))
        packed = _pack(_known(lines))
    except (BadRecord, OverflowError):  # a number that no packed number can be: it may be right, and is read in full
        return None
    return Proof({name: Part(len(data), sha256(data).hexdigest()) for name, data in rows(lines).items()}, packed)


def rows_in(journal: bytes, start: int, end: int) -> Mapping[str, bytes]:
    """What the lines of a slice add to the tables, in full. BadRecord when one is not the record that has to stand
    there."""
    return rows(columns.read(journal[start:end], *_before(journal, start)))


def known_in(proof: Proof) -> list[Known]:
    return _unpack(proof.packed)


def is_table(there: bytes, header: bytes, parts: Sequence[Part], whole: Callable[[int], bytes]) -> bool:
    """Whether a file is its header and these parts, or the beginning of that, as a crash leaves it. `whole`: a part's
    bytes by its number, for the one in which the file ends."""
    if not there.startswith(header):
        return header.startswith(there)
    at, view = len(header), memoryview(there)
    for number, part in enumerate(parts):
        if len(there) < at + part.bytes:
            return whole(number).startswith(there[at:])
        if sha256(view[at:at + part.bytes]).hexdigest() != part.sha256:
            return False
        at += part.bytes
    return at == len(there)


def _before(journal: bytes, start: int) -> tuple[int, str]:
    """The number and the hash that the line before a slice states; its own slice has to prove them."""
    if start == len(HEADER):
        return 0, GENESIS
    line = journal[journal.rfind(b"\n", 0, start - 1) + 1:start]
    record = read(line)
    return record.seq, record.hash


def _known(of: Columns) -> list[tuple[object, ...]]:
    """What unpacks as `Known`, without what no book looks at: most metadata, words, the key."""
    return [
        (seq, line_hash, at,
         (digest[:SHORT], mark(tenant_id, kind, text), [short(item.task_hash) for item in body.items]),
         ("", kind, tenant_id, body.type, body.amount_credits, body.work_order_id, "", "", body.items,
          body.metadata if kind in ("promotion", "completion") else {}))
        for seq, line_hash, at, digest, tenant_id, kind, body, text in zip(
            of.seqs, of.hashes, of.times, of.digests, of.tenants, of.kinds, of.bodies, of.texts, strict=True)]
