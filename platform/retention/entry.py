"""A cached thing and the index of them, cache_index.csv. Pure.

The index is no projection of the journal: no credits hang on a cache, and it can be rebuilt by looking. It lies beside
the ledger's files because people look for it there; the ledger neither reads it nor vouches for it.
"""
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from platform.model.cells import as_csv, plain
from platform.model.utc import utc_text

COLUMNS = ("place", "type", "ref", "created_at", "expires_at")
INDEX = "cache_index.csv"
LOCAL, ACTIONS = "local", "actions"


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """`ref` names it within its place. No `created_at`: it is torn, and of no use to anybody. No `expires_at`: it is
    kept. `handle` is what its place knows it by."""

    place: str
    type: str
    ref: str
    created_at: datetime | None
    expires_at: datetime | None
    handle: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        return self.place, self.type, self.ref, _text(self.created_at), _text(self.expires_at)


def why_over(entry: CacheEntry, now: datetime) -> str:
    """Why an entry is to be deleted, or nothing for one that is to be kept."""
    if entry.created_at is None:
        return "torn"
    if entry.expires_at is not None and entry.expires_at <= now:
        return f"expired {_text(entry.expires_at)}"
    return ""


def index(entries: Iterable[CacheEntry], looked_at: Iterable[str], old: bytes) -> bytes:
    """The index's bytes, sorted: entries of the places that were looked at, and of the others what `old` knew."""
    known = list(csv.reader(io.StringIO(old.decode(errors="replace"))))
    kept = [tuple(map(plain, row)) for row in known[1:] if known[0] == list(COLUMNS) and len(row) == len(COLUMNS)
            and row[0] not in set(looked_at)]
    rows = sorted({*kept, *(entry.row for entry in entries if entry.created_at)})
    return as_csv([COLUMNS, *rows])


def _text(at: datetime | None) -> str:
    return utc_text(at) if at else ""
