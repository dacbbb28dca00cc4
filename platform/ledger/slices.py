"""A long journal proved sound in slices, on all processors. Pure.

Each slice is held to the hash and the number that the line before it states, which that line's own slice proves: so all
of them together are the chain. A slice that is sound gives what its lines add to each table, as length and digest; one
that is not gives nothing, for what is wrong first is told by who reads from the start.
"""
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple

from platform.ledger.crew import MOST
from platform.ledger.projections import HEADERS, lines
from platform.ledger.record import GENESIS, HEADER, BadRecord, Record, decode, read

_SLICE = 1 << 20  # bytes, about


class Part(NamedTuple):
    """What some lines add to a table."""

    bytes: int
    sha256: str


Parts = Mapping[str, Part]  # by the table's name
Slice = tuple[int, int]  # where it begins and ends, in bytes


def cut(journal: bytes, slice_bytes: int = _SLICE) -> list[Slice]:
    """Where slices begin and end: after the header, each at the end of a line; no more than a crew can number."""
    slice_bytes = max(slice_bytes, len(journal) // MOST)
    ends = [len(HEADER)]
    while ends[-1] < len(journal):
        ends.append(journal.find(b"\n", ends[-1] + slice_bytes) + 1 or len(journal))
    return list(pairwise(ends))


def prove(journal: bytes, start: int, end: int) -> Parts | None:
    """What the lines of a slice add to the tables; None when one of them is not the record that has to stand there."""
    try:
        added = rows(journal, start, end)
    except BadRecord:
        return None
    return {name: Part(len(data), sha256(data).hexdigest()) for name, data in added.items()}


def rows(journal: bytes, start: int, end: int) -> Mapping[str, bytes]:
    """The same in full. BadRecord when a line is not the record that has to stand there."""
    added = {name: bytearray() for name in HEADERS}
    seq, head = _before(journal, start)
    for line in BytesIO(journal[start:end]):
        record = decode(line, seq + 1, head)
        seq, head = record.seq, record.hash
        for name, data in lines(record).items():
            added[name] += data
    return {name: bytes(data) for name, data in added.items()}


def unproved(journal: bytes) -> Iterator[Record]:
    """The records of a journal as its lines say, for whoever has them proved meanwhile. BadRecord for what is none."""
    rest = BytesIO(journal)
    rest.seek(len(HEADER))
    return map(read, rest)


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
