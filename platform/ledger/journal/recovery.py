"""What to do about a journal that does not end in a line break. Pure: a decision about bytes.

A crash can leave only a part of the last write. An unterminated tail is therefore one of three
things. Anything else was not left by a crash and is never changed. Zero bytes at its end count as
not written, because a file system may store a file's length before its data.
"""
from enum import Enum

from platform.ledger.journal.record import BadRecord, decode


class Tail(Enum):
    """What an unterminated tail is, and what to do about it."""

    COMPLETE = "a whole record that lacks only its line break: add it"
    TORN = "the beginning of a record that was never acknowledged: quarantine it"
    DAMAGED = "something else: refuse"


def judge(tail: bytes, seq: int, prev: str) -> Tail:
    """What an unterminated, non-empty tail is, as line `seq` after the hash `prev`."""
    if _is_record(tail + b"\n", seq, prev):
        return Tail.COMPLETE
    if _is_record(tail[:-1] + b"\n", seq, prev):
        return Tail.DAMAGED  # the line break itself was changed, and the post was acknowledged
    start, written = f"{seq},".encode(), tail.rstrip(b"\0")
    if (
        written[: len(start)] != start[: len(written)]
        or b"\0" in written
        or _looks_whole(written, prev)
    ):
        return Tail.DAMAGED
    return Tail.TORN


def _is_record(line: bytes, seq: int, prev: str) -> bool:
    try:
        decode(line, seq, prev)
    except BadRecord:
        return False
    return True


def _looks_whole(tail: bytes, prev: str) -> bool:
    """A record has its whole hash after `prev`: then it was written whole, and something in it
    changed since."""
    before, found, after = tail.rpartition(b'",' + prev.encode() + b",")
    return bool(before and found) and len(after) >= 64
