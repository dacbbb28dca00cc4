"""The tables about money: prices, promotions, top-up methods and payments. Credits are integers."""
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from platform.model.problem import SourcePosition


class _InForce:
    """A row that is in force while it is active, from its first day to its last, or without end."""

    __slots__ = ()
    effective_from: date
    effective_to: date | None  # inclusive
    active: bool

    def covers(self, day: date) -> bool:
        return (
            self.active
            and self.effective_from <= day
            and (self.effective_to is None or day <= self.effective_to)
        )


@dataclass(frozen=True, slots=True)
class PriceRow(_InForce):
    """One line of config/module_prices.csv."""

    module_id: str
    deliverable_id: str
    price_credits: int
    effective_from: date
    effective_to: date | None = None
    active: bool = True
    notes: str = ""
    place: SourcePosition = field(default=SourcePosition(""), compare=False)


class PriceList:
    """The rows, indexed by what they price."""

    def __init__(self, rows: Sequence[PriceRow] = ()) -> None:
        self.rows = tuple(rows)
        self._by_item: dict[tuple[str, str], list[PriceRow]] = {}
        for row in sorted(self.rows, key=lambda row: row.effective_from):
            self._by_item.setdefault((row.module_id, row.deliverable_id), []).append(row)

    def in_force(self, module_id: str, deliverable_id: str, day: date) -> PriceRow | None:
        """The price row in force on a day: of the rows that cover it, the one that started last.
        None if no row covers it."""
        rows = self._by_item.get((module_id, deliverable_id), [])
        return next((row for row in reversed(rows) if row.covers(day)), None)


@dataclass(frozen=True, slots=True)
class Promotion(_InForce):
    """config/promotions.csv:
    `promo_code,credits,max_uses_per_tenant,effective_from,effective_to,active,notes`."""

    promo_code: str
    credits: int
    max_uses_per_tenant: int
    effective_from: date
    effective_to: date | None = None
    active: bool = True
    notes: str = ""
    place: SourcePosition = field(default=SourcePosition(""), compare=False)


@dataclass(frozen=True, slots=True)
class TopupMethod:
    topup_method_id: str
    name: str
    enabled: bool
    instructions: str = ""
    place: SourcePosition = field(default=SourcePosition(""), compare=False)


@dataclass(frozen=True, slots=True)
class Payment:
    """config/payments.csv:
    `payment_id,tenant_id,topup_method_id,amount_credits,reference,status,received_at,note`."""

    payment_id: str
    tenant_id: str
    topup_method_id: str
    amount_credits: int
    reference: str
    status: str  # CONFIRMED is applied once; PENDING and REJECTED are not
    received_at: str = ""
    note: str = ""
    place: SourcePosition = field(default=SourcePosition(""), compare=False)
