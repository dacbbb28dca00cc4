"""Cache entries and their index, cache_index.csv. Pure.

The index is not derived from the journal: no credits depend on a cache, and the index can be
rebuilt from the caches. It is next to the ledger's files because people look for it there. The
ledger does not read it and does not guarantee it.
"""
import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from platform.model.cells import as_csv, plain
from platform.model.utc import utc_text

INDEX_COLUMNS = ("place", "type", "ref", "created_at", "expires_at")
INDEX = "cache_index.csv"
LOCAL, ACTIONS = "local", "actions"


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One cached result. `ref` identifies it at `place`. Without `created_at`, it is incomplete
    and useless. Without `expires_at`, it is kept. `handle` is its path or id there."""

    place: str
    type: str
    ref: str
    created_at: datetime | None
    expires_at: datetime | None
    handle: str = ""

    @property
    def row(self) -> tuple[str, ...]:
        return self.place, self.type, self.ref, _text(self.created_at), _text(self.expires_at)


def why_delete(entry: CacheEntry, now: datetime) -> str:
    """Why an entry must be deleted; empty if it must be kept."""
    if entry.created_at is None:
        return "incomplete"
    if entry.expires_at is not None and entry.expires_at <= now:
        return f"expired {_text(entry.expires_at)}"
    return ""


def index(entries: Iterable[CacheEntry], looked_at: Iterable[str], old: bytes) -> bytes:
    """The bytes of the index, sorted. Entries of the places in `looked_at` are new; entries of
    other places come from `old`, the earlier index."""
    known = list(csv.reader(io.StringIO(old.decode(errors="replace"))))
    kept = [
        tuple(map(plain, row))
        for row in known[1:]
        if known[0] == list(INDEX_COLUMNS)
        and len(row) == len(INDEX_COLUMNS)
        and row[0] not in set(looked_at)
    ]
    rows = sorted({*kept, *(entry.row for entry in entries if entry.created_at)})
    return as_csv([INDEX_COLUMNS, *rows])


def _text(at: datetime | None) -> str:
    return utc_text(at) if at else ""
