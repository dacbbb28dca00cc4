"""Whether a table is what the journal produces: the one check that every reader and writer uses.
Pure."""
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from platform.errors import CorruptError
from platform.ledger.journal.checkpoint import FileState

if TYPE_CHECKING:
    from hashlib import _Hash

REBUILD = "`ledger fsck --rebuild` makes it again from the journal"
_HOLE = re.compile(rb"\0{16,}|\0+\Z")  # a flipped bit can make one zero byte, never so many


class TableCheck:
    """One table against its truth: the bytes that the journal produces, which come in order.

    A table that ends early is not wrong, because a crash leaves one behind. `at` and `rows` are the
    size of the truth so far: bytes, and lines with the header.
    """

    def __init__(self, path: Path) -> None:
        """`path` is what messages call the table."""
        self.path = path
        self.at = self.rows = 0
        self._sha = sha256()
        self._rows_there = 0

    def start_at(self, beginning: FileState, sha: "_Hash") -> None:
        """Take the table's beginning for true. `sha` is the SHA-256 of those bytes, still open."""
        self.at, self.rows, self._sha = beginning.bytes, beginning.rows + 1, sha
        self._rows_there = self.rows

    def take(self, truth: bytes, there: bytes, *, may_have_holes: bool = False) -> int:
        """Compare the next bytes of the truth with what the table has in their place.

        The result is the number of bytes that the table has right; the rest is missing. A power
        loss can leave zero bytes for rows that were never synced: with `may_have_holes` these count
        as missing. CorruptError with file and line when the table has anything else.
        """
        above, same = self.rows, len(there)
        if not truth.startswith(there):
            same = _common(there, truth)
        self.at += len(truth)
        self.rows += truth.count(b"\n")
        self._rows_there += there.count(b"\n")
        self._sha.update(truth)
        if same < len(there) and not (may_have_holes and truth.startswith(_filled(there, truth))):
            raise differs(self.path, above + truth[:same].count(b"\n") + 1)
        return same

    def end(self, size: int | None, durable: int = 0) -> None:
        """The truth is complete. CorruptError when the table is longer, or lost what it had.

        `size` is the table's in bytes, None when it does not exist. `durable` is the number of
        bytes that a checkpoint made durable, so that no crash can have lost them.
        """
        if size is None and durable:
            raise missing(self.path)
        if size is not None and not durable <= size <= self.at:
            raise differs(self.path, self._rows_there + 1)

    def state(self) -> FileState:
        """The table up to `at`, as the journal produces it."""
        return FileState(self._sha.hexdigest(), self.at, self.rows - 1)


def is_newest(path: Path, there: bytes | None, now: bytes, checkpointed: tuple[int, str],
              ever: Iterable[tuple[int, str, bytes]]) -> bool:
    """Whether the table of balances, which is replaced and not appended to, is the truth now.

    False for one that was true at the checkpoint or later, and for none at all. `checkpointed` is
    the checkpoint's line and the table's SHA-256 there; (0, "") without one. `ever` are all lines
    of the journal as (number, tenant, the tenant's row then), read only when they are needed: when
    a process died between this table and its checkpoint. CorruptError for one that was never true.
    """
    if there is None or there == now:
        return there is not None
    since_seq, known_sha256 = checkpointed
    if sha256(there).hexdigest() == known_sha256:
        return False
    header, *rows = there.splitlines(keepends=True) or [b""]
    claimed = {row.partition(b",")[0].decode(errors="replace"): row for row in rows}
    if header == now.partition(b"\n")[0] + b"\n" and rows == [
        claimed[name] for name in sorted(claimed)
    ]:
        untrue = set(claimed)
        if not untrue and not since_seq:
            return False
        for seq, tenant, line in ever:
            (untrue.discard if claimed.get(tenant) == line else untrue.add)(tenant)
            if not untrue and seq >= since_seq:
                return False
    raise differs(path, now[:_common(there, now)].count(b"\n") + 1)


def is_whole(path: Path, there: bytes | None, truth: bytes) -> bool:
    """Whether a table is the whole truth; None is a table that does not exist."""
    check = TableCheck(path)
    try:
        check.take(truth, there or b"")
        check.end(None if there is None else len(there), durable=len(truth))
    except CorruptError:
        return False
    return True


def differs(path: Path, line: int) -> CorruptError:
    """The error about a table that is not what the journal produces."""
    return CorruptError(f"{path}:{line}: differs from the journal; {REBUILD}")


def missing(path: Path) -> CorruptError:
    """The error about a table that a checkpoint vouches for and that does not exist."""
    return CorruptError(f"{path}:1: is missing; {REBUILD}")


def _common(there: bytes, truth: bytes) -> int:
    """How many bytes are equal before the first difference."""
    return next(
        (
            index
            for index, (ours, right) in enumerate(zip(there, truth, strict=False))
            if ours != right
        ),
        min(len(there), len(truth)),
    )


def _filled(there: bytes, truth: bytes) -> bytes:
    filled = bytearray(there)
    for hole in _HOLE.finditer(there):
        filled[slice(*hole.span())] = truth[slice(*hole.span())]
    return bytes(filled)
