"""A tenant's account over a period: opening balance, every post with its proof, closing balance.

Pure. The amounts depend only on the journal: anyone who has the journal can make the same
statement. A post's proof is its line number, the line's hash (which covers all earlier lines), and
the transaction's id in transactions.csv.
"""
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from platform.ledger.journal.projections import FACTS
from platform.ledger.journal.record import Record
from platform.model.digest import derived_id
from platform.model.entry import Item, PostType, Side, sides
from platform.model.ids import DELIVERY_EVIDENCE
from platform.report.evidence import shown_evidence
from platform.report.post_description import describe_item, describe_post


@dataclass(frozen=True, slots=True)
class StatementPart:
    """One item of a post."""

    transaction_item_id: str
    step_id: str
    module_id: str
    deliverable_id: str
    amount_credits: int  # signed
    words: str
    task_hash: str
    refund_epoch: int
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """One post. `balance_credits` is the tenant's balance after it."""

    seq: int
    at: str  # UTC, ISO 8601, with Z
    hash: str
    transaction_id: str
    idempotency_key: str
    kind: str
    type: str
    work_order_id: str
    reason_code: str
    words: str
    note: str
    amount_credits: int  # signed
    balance_credits: int
    parts: tuple[StatementPart, ...]


@dataclass(frozen=True, slots=True)
class ModuleSpend:
    """The cost of a module's steps in the period. All numbers are positive; net is charged minus
    refunded."""

    module_id: str
    charged_credits: int
    refunded_credits: int
    net_credits: int


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """A delivery with the ledger's evidence. Fields are empty if the provider gave no evidence."""

    seq: int
    at: str
    work_order_id: str
    step_id: str
    transaction_item_id: str
    provider: str
    remote: str  # path or object id there
    bytes: int
    sha256: str
    verification_status: str
    recorded: bool  # only written to a file on this machine, not sent
    note: str


@dataclass(frozen=True, slots=True)
class Statement:
    """`date_from` and `date_to` are UTC days, inclusive; empty means the first or the last post."""

    tenant_id: str
    tenant_name: str
    date_from: str
    date_to: str
    opening_credits: int
    closing_credits: int
    topped_up_credits: int
    # Charged and refunded are positive numbers:
    # closing = opening + topped up - charged + refunded + adjusted
    charged_credits: int
    refunded_credits: int
    adjusted_credits: int  # signed
    ledger_balance_credits: int  # the present balance, for any period
    journal_seq: int  # the number of posts in the journal
    journal_hash: str
    lines: tuple[Line, ...]
    spend_by_module: tuple[ModuleSpend, ...]
    deliveries: tuple[DeliveryLine, ...]


def statement(records: Iterable[Record], tenant_id: str, tenant_name: str = "", date_from: str = "",
              date_to: str = "") -> Statement:
    """A tenant's statement from the whole journal, in order. A day has the form 2026-11-24."""
    opening = balance = seq = 0
    head = ""
    lines: list[Line] = []
    deliveries: list[DeliveryLine] = []
    for record in records:
        seq, head = record.seq, record.hash
        own = next((side for side in sides(record.post) if side.tenant_id == tenant_id), None)
        if own is None or record.post.kind in FACTS:
            continue
        balance += own.amount_credits
        day = record.ts[:10]
        if day < date_from:
            opening += own.amount_credits
        elif not date_to or day <= date_to:
            lines.append(_line(record, own, balance))
            deliveries += _deliveries(record)
    closing = opening + sum(line.amount_credits for line in lines)
    totals = {
        kind: sum(line.amount_credits for line in lines if line.type == kind) for kind in PostType
    }
    return Statement(
        tenant_id,
        tenant_name,
        date_from,
        date_to,
        opening,
        closing,
        topped_up_credits=totals[PostType.TOPUP],
        charged_credits=-totals[PostType.SPEND],
        refunded_credits=totals[PostType.REFUND],
        adjusted_credits=totals[PostType.ADJUSTMENT],
        ledger_balance_credits=balance,
        journal_seq=seq,
        journal_hash=head,
        lines=tuple(lines),
        spend_by_module=_by_module(lines),
        deliveries=tuple(deliveries),
    )


def _line(record: Record, own: Side, balance: int) -> Line:
    post = record.post
    return Line(
        record.seq,
        record.ts,
        record.hash,
        derived_id(own.key),
        own.key,
        post.kind,
        post.type.value,
        post.work_order_id,
        post.reason_code,
        describe_post(post, own.tenant_id),
        post.note,
        own.amount_credits,
        balance,
        tuple(_part(item) for item in post.items),
    )


def _part(item: Item) -> StatementPart:
    return StatementPart(
        derived_id(item.key),
        item.step_id,
        item.module_id,
        item.deliverable_id,
        item.amount_credits,
        describe_item(item),
        item.task_hash,
        item.refund_epoch,
        item.note,
    )


def _by_module(lines: Iterable[Line]) -> tuple[ModuleSpend, ...]:
    """The most expensive module first, without modules that moved no credits."""
    charged: dict[str, int] = {}
    refunded: dict[str, int] = {}
    for line in lines:
        sums = refunded if line.type == PostType.REFUND else charged
        for part in line.parts:
            sums[part.module_id] = sums.get(part.module_id, 0) + abs(part.amount_credits)
    spends = [
        ModuleSpend(
            name,
            charged.get(name, 0),
            refunded.get(name, 0),
            charged.get(name, 0) - refunded.get(name, 0),
        )
        for name in {**charged, **refunded}
    ]
    moved = [spend for spend in spends if spend.charged_credits or spend.refunded_credits]
    return tuple(
        sorted(
            moved, key=lambda spend: (-spend.net_credits, -spend.charged_credits, spend.module_id)
        )
    )


def _deliveries(record: Record) -> list[DeliveryLine]:
    return [_delivery(record, item, item.metadata.get("evidence", {})) for item in record.post.items
            if item.deliverable_id == DELIVERY_EVIDENCE]


def _delivery(record: Record, item: Item, evidence: Mapping[str, Any]) -> DeliveryLine:
    return DeliveryLine(
        record.seq,
        record.ts,
        record.post.work_order_id,
        item.step_id,
        derived_id(item.key),
        **shown_evidence(evidence)._asdict(),
        note=str(evidence.get("note", "")),
    )
