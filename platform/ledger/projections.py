"""The CSV files that people and other programs read: each made of the journal, and made again to the same bytes.

`rows(ts, post)` is the whole truth about them (pure). Files that are a beginning of the truth are extended; one that
differs is refused until `rebuild`.
"""
import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from platform.errors import CorruptError
from platform.files import write_atomic
from platform.ledger import disk
from platform.ledger.record import Record
from platform.model.digest import derived_id
from platform.model.entry import Item, Post

COLUMNS = {
    "transactions.csv": ("transaction_id", "tenant_id", "work_order_id", "type", "amount_credits", "created_at",
                         "reason_code", "note", "metadata_json"),
    "transaction_items.csv": ("transaction_item_id", "transaction_id", "tenant_id", "module_id", "work_order_id",
                              "step_id", "deliverable_id", "feature", "type", "amount_credits", "created_at", "note",
                              "metadata_json"),
    "promotion_redemptions.csv": ("redemption_id", "tenant_id", "promo_code", "credits_granted", "created_at", "note",
                                  "metadata_json"),
    "published_artifacts.csv": ("tenant_id", "work_order_id", "step_id", "module_id", "deliverable_id", "artifact_name",
                                "sha256", "bytes", "uri", "status", "published_at", "transaction_item_id",
                                "idempotency_key"),
    "cache_index.csv": ("place", "type", "ref", "created_at", "expires_at"),
}
CREDITS = "tenants_credits.csv"
CREDITS_COLUMNS = ("tenant_id", "credits_available", "updated_at", "status")


def rows(ts: str, post: Post) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The rows of one post as (file, fields)."""
    transaction = derived_id(post.key)
    metadata = _json({"idempotency_key": post.key, "kind": post.kind, **post.metadata})
    yield "transactions.csv", (transaction, post.tenant_id, post.work_order_id, post.type.value, post.amount_credits,
                               ts, post.reason_code, post.note, metadata)
    for item in post.items:
        yield "transaction_items.csv", (
            derived_id(item.key), transaction, post.tenant_id, item.module_id, post.work_order_id, item.step_id,
            item.deliverable_id, item.deliverable_id, item.type.value, item.amount_credits, ts, item.note,
            _json(_item_metadata(item)))
    if post.kind == "promotion":
        yield "promotion_redemptions.csv", (transaction, post.tenant_id, post.metadata["promo_code"],
                                            post.amount_credits, ts, post.note, metadata)
    if post.kind == "publish":
        evidence = {"tenant_id": post.tenant_id, "work_order_id": post.work_order_id, "published_at": ts,
                    "idempotency_key": post.key, **post.metadata}
        yield "published_artifacts.csv", tuple(evidence[column] for column in COLUMNS["published_artifacts.csv"])


def _item_metadata(item: Item) -> dict[str, Any]:
    return {"idempotency_key": item.key, "task_hash": item.task_hash, "refund_epoch": item.refund_epoch,
            **item.metadata}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def as_csv(fields: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV bytes: UTF-8, minimal quotes, LF."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(fields)
    return text.getvalue().encode()


class Projections:
    """The files of one folder, as far as this process knows them. Call it under the ledger's lock only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known = dict.fromkeys(COLUMNS, 0)  # bytes that were compared with the truth
        self._due = {name: as_csv([columns]) for name, columns in COLUMNS.items()}  # truth beyond them
        self._credits: dict[str, tuple[int, str]] = {}  # tenant -> balance, time of its last post

    def add(self, record: Record) -> None:
        """One more record of the journal; nothing is written yet."""
        for name, fields in rows(record.ts, record.post):
            self._due[name] += as_csv([fields])
        balance, _ = self._credits.get(record.post.tenant_id, (0, ""))
        self._credits[record.post.tenant_id] = (balance + record.post.amount_credits, record.ts)

    def write(self) -> None:
        """Extend the files by what is missing. CorruptError when one is not a beginning of the truth."""
        for name, due in self._due.items():
            path = self._folder / name
            there = disk.read_from(path, self._known[name]) if path.exists() else b""
            if not due.startswith(there) or (path.exists() and path.stat().st_size < self._known[name]):
                raise CorruptError(f"{path}: differs from the journal; `ledger fsck --rebuild` makes it again")
            if len(there) < len(due):
                disk.append(path, due[len(there):])
            self._known[name] += len(due)
        self._due = dict.fromkeys(COLUMNS, b"")
        if self._differs(CREDITS, self.credits()):
            write_atomic(self._folder / CREDITS, self.credits())

    def credits(self) -> bytes:
        """tenants_credits.csv: derived from posts alone, sorted by tenant."""
        lines = [(tenant, balance, at, "active" if balance > 0 else "depleted")
                 for tenant, (balance, at) in sorted(self._credits.items())]
        return as_csv([CREDITS_COLUMNS, *lines])

    def truth(self) -> dict[str, bytes]:
        """Every file's right content, of a fresh object to which the whole journal was added."""
        return {**self._due, CREDITS: self.credits()}

    def _differs(self, name: str, data: bytes) -> bool:
        path = self._folder / name
        return not path.exists() or path.read_bytes() != data


def rebuild(folder: Path, records: Iterable[Record]) -> tuple[str, ...]:
    """Make every projection again from the journal; the names of those that were not already right."""
    fresh = Projections(folder)
    for record in records:
        fresh.add(record)
    wrong = [name for name, data in fresh.truth().items() if fresh._differs(name, data)]
    for name in wrong:
        write_atomic(folder / name, fresh.truth()[name])
    return tuple(wrong)
