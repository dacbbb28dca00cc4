"""The tables that people and other programs read, as rows. Pure: each follows from the journal
alone.

A note that a spreadsheet would take for a formula gets an apostrophe in front (`model.cells.note`);
the journal keeps it as it was written. Amounts and ids are never changed, because programs read
them.
"""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from platform.ledger.journal.columns import Columns
from platform.ledger.journal.record import Body, Record
from platform.ledger.rules.tables import Account
from platform.model.cells import as_csv, note, row
from platform.model.digest import canonical_objects, derived_id, id_of
from platform.model.entry import LOSS, TRANSFER, Post, sides

COLUMNS = {
    "transactions.csv": (
        "transaction_id",
        "tenant_id",
        "work_order_id",
        "type",
        "amount_credits",
        "created_at",
        "reason_code",
        "note",
        "metadata_json",
    ),
    "transaction_items.csv": (
        "transaction_item_id",
        "transaction_id",
        "tenant_id",
        "module_id",
        "work_order_id",
        "step_id",
        "deliverable_id",
        "feature",
        "type",
        "amount_credits",
        "created_at",
        "note",
        "metadata_json",
    ),
    "promotion_redemptions.csv": (
        "redemption_id",
        "tenant_id",
        "promo_code",
        "credits_granted",
        "created_at",
        "note",
        "metadata_json",
    ),
    "published_artifacts.csv": (
        "tenant_id",
        "work_order_id",
        "step_id",
        "module_id",
        "deliverable_id",
        "artifact_name",
        "sha256",
        "bytes",
        "uri",
        "status",
        "published_at",
        "transaction_item_id",
        "idempotency_key",
    ),
}
FACTS = frozenset({"completion", "claim", "void", LOSS})  # kinds of posts that are no transactions
CREDITS = "tenants_credits.csv"
CREDITS_COLUMNS = ("tenant_id", "credits_available", "updated_at", "status")


_Row = tuple[str, str, str, str, Body | Post, str]  # id, key, tenant, kind, body, time


HEADERS = {name: (",".join(columns) + "\n").encode() for name, columns in COLUMNS.items()}


def rows(of: Columns) -> dict[str, bytes]:
    """What lines of the journal add to each table that grows, as CSV lines by table name. FACTS add
    nothing: they inform the book, move no credits and buy nothing."""
    posts = [(id_of(digest), key, tenant_id, kind, body, at)
             for digest, key, tenant_id, kind, body, at
             in zip(of.digests, of.keys, of.tenants, of.kinds, of.bodies, of.times, strict=True)
             if kind not in FACTS]
    if TRANSFER in of.kinds:
        posts = [row for post in posts for row in _of_both_tenants(post)]
    metadata = canonical_objects([{"idempotency_key": key, "kind": kind, **body.metadata}
                                  for _, key, _, kind, body, _ in posts])
    items = [
        (transaction, tenant_id, body.work_order_id, at, item)
        for transaction, _, tenant_id, _, body, at in posts
        if body.items
        for item in body.items
    ]
    item_metadata = canonical_objects(
        [
            {
                "idempotency_key": item.key,
                "task_hash": item.task_hash,
                "refund_epoch": item.refund_epoch,
                **item.metadata,
            }
            for *_, item in items
        ]
    )
    return {
        "transactions.csv": b"".join(
            [
                _with_metadata(
                    (
                        transaction,
                        tenant_id,
                        body.work_order_id,
                        body.type,
                        str(body.amount_credits),
                        at,
                        body.reason_code,
                        note(body.note),
                    ),
                    more,
                )
                for (transaction, _, tenant_id, _, body, at), more in zip(
                    posts, metadata, strict=True
                )
            ]
        ),
        "transaction_items.csv": b"".join(
            [
                _with_metadata(
                    (
                        derived_id(item.key),
                        transaction,
                        tenant_id,
                        item.module_id,
                        work_order_id,
                        item.step_id,
                        item.deliverable_id,
                        item.deliverable_id,
                        item.type,
                        str(item.amount_credits),
                        at,
                        note(item.note),
                    ),
                    more,
                )
                for (transaction, tenant_id, work_order_id, at, item), more in zip(
                    items, item_metadata, strict=True
                )
            ]
        ),
        "promotion_redemptions.csv": b"".join(
            [
                _with_metadata(
                    (
                        transaction,
                        tenant_id,
                        body.metadata["promo_code"],
                        str(body.amount_credits),
                        at,
                        note(body.note),
                    ),
                    more,
                )
                for (transaction, _, tenant_id, kind, body, at), more in zip(
                    posts, metadata, strict=True
                )
                if kind == "promotion"
            ]
        ),
        "published_artifacts.csv": b"".join(
            [
                row(
                    _published(
                        {
                            "tenant_id": tenant_id,
                            "work_order_id": body.work_order_id,
                            "published_at": at,
                            "idempotency_key": key,
                            **body.metadata,
                        }
                    )
                )
                for _, key, tenant_id, kind, body, at in posts
                if kind == "publish"
            ]
        ),
    }


def _of_both_tenants(post: _Row) -> Iterator[_Row]:
    """A post's row, and of a transfer the one of the tenant that it gives to."""
    _, key, _, kind, body, at = post
    yield post
    if kind == TRANSFER:
        key, tenant_id = f"{key}:to", str(body.metadata["to_tenant_id"])
        given = replace(body, amount_credits=-body.amount_credits)
        yield derived_id(key), key, tenant_id, kind, given, at


def credits_lines(accounts: Mapping[str, Account]) -> bytes:
    """All of tenants_credits.csv, sorted by tenant. It is the only table that is replaced, at
    checkpoints."""
    return as_csv(
        [
            CREDITS_COLUMNS,
            *(credits_row(tenant, account) for tenant, account in sorted(accounts.items())),
        ]
    )


def credits_ever(records: Iterable[Record]) -> Iterator[tuple[int, str, bytes]]:
    """Every row that tenants_credits.csv ever had: (number of the line, tenant, the row as CSV)."""
    past: dict[str, int] = {}
    for record in records:
        for _, tenant, amount in sides(record.post) if record.post.kind != LOSS else ():
            past[tenant] = past.get(tenant, 0) + amount
            yield (
                record.seq,
                tenant,
                as_csv([credits_row(tenant, Account(past[tenant], record.ts))]),
            )


def credits_row(tenant_id: str, account: Account) -> tuple[Any, ...]:
    """One row of tenants_credits.csv: tenant, balance in credits, time of the last post (UTC),
    status."""
    balance = account.balance_credits
    status = "active" if balance > 0 else "in_debt" if balance < 0 else "depleted"
    return tenant_id, balance, account.updated_at, status


def _published(fields: Mapping[str, Any]) -> list[Any]:
    return [fields[column] for column in COLUMNS["published_artifacts.csv"]]


def _with_metadata(fields: Sequence[str], metadata: bytes) -> bytes:
    """The line that the csv writer makes of them. It is asked only where something needs quotes,
    for it takes its time; the last field is JSON, which always needs them: it has some."""
    line = ",".join(fields)
    if line.count(",") >= len(fields) or '"' in line or "\n" in line or "\r" in line:
        line = row(fields).decode()[:-1]
    return b'%b,"%b"\n' % (line.encode(), metadata.replace(b'"', b'""'))
