"""Somebody or something changed a file: one bit, or whole lines, of each file of a state of twenty posts.

All of it must be refused with the file and a line of it before anything is posted, and nothing may be changed. Two
things are not damage: a projection that ends early is behind, as a crash leaves it, and is brought up to date; and a
snapshot that is no good is no snapshot: the answers are the same without it.
"""
import re
from collections.abc import Iterator
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from platform.errors import CorruptError
from platform.ledger.journal import snapshot
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.projections import HEADERS
from platform.ledger.proof.audit import verify
from platform.ledger.rules.balance import Book
from tests.faults.place import scratch
from tests.faults.points import Point, Points
from tests.faults.work import state_of_posts
from tests.ledger.conftest import noon


def bits(seed: int) -> Points:
    """Every single bit of every file."""
    for name, data in _files().items():
        for bit in range(len(data) * 8):
            yield Point(f"{name}.{bit}", partial(_bit, name, bit))


def lines(seed: int) -> Points:
    """Every line cut out, doubled, swapped with the next; every end cut off; CRLF, a BOM, nothing at all."""
    for name, data in _files().items():
        for what, changed in _changes(data):
            if changed != data:
                yield Point(f"{name}.{what}", partial(_attempt, name, changed))


def _changes(data: bytes) -> Iterator[tuple[str, bytes]]:
    rows = data.splitlines(keepends=True)
    for number in range(len(rows)):
        before, row, after = rows[:number], rows[number], rows[number + 1:]
        yield f"cut{number + 1}", b"".join([*before, *after])
        yield f"doubled{number + 1}", b"".join([*before, row, row, *after])
        yield f"swapped{number + 1}", b"".join([*before, *after[:1], row, *after[1:]])
        yield f"ended{number + 1}", b"".join(before)
    yield "crlf", data.replace(b"\n", b"\r\n")
    yield "bom", b"\xef\xbb\xbf" + data
    yield "spaces", data + b" "
    yield "blank", data + b"\n"


@cache
def _files() -> dict[str, bytes]:
    with scratch() as folder:
        state_of_posts(folder)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.stat().st_size}


def _bit(name: str, bit: int, folder: Path) -> str:
    data = bytearray(_files()[name])
    data[bit // 8] ^= 1 << bit % 8
    return _attempt(name, bytes(data), folder)


def _attempt(name: str, changed: bytes, folder: Path) -> str:
    folder.mkdir()
    for other, data in _files().items():
        (folder / other).write_bytes(changed if other == name else data)
    before = _content(folder)
    try:
        with closing(Ledger.open(folder, noon, snapshot_posts=1)) as ledger:
            ledger.post(lambda book: ())
            if name == snapshot.NAME and ledger.book.tables() == _right().tables():
                return next(iter(verify(folder).findings), "")
        if name in HEADERS and _files()[name].startswith(changed) and _content(folder) == _files():
            return ""
    except CorruptError as error:
        if not re.match(re.escape(f"{folder / name}:") + r"\d+: ", str(error)):
            return f"refused without the file and its line: {error}"
        return "" if _content(folder) == before else "refused, and files were changed"
    return "taken for right"


@cache
def _right() -> Book:
    """The book of the twenty posts, replayed from the journal."""
    with scratch() as folder:
        state_of_posts(folder)
        with closing(Ledger.open(folder, noon, snapshot_posts=None)) as ledger:
            return ledger.book


def _content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}
