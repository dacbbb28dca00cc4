"""A quote in a file (schemas/quote.schema.json), and what has changed since. Pure.

The file contains the four parts that determine the amounts, each with its digest: the graph (task
hashes), the prices (of every item, paid or not), the balances and the charges. Equal digests mean
the same bill. If digests differ, the parts show what changed.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from platform.model.digest import digest_of
from platform.model.words import in_credits
from platform.report.quote_values import OrderQuote, Quote

QUOTE_FORMAT = 1
PARTS = ("graph", "prices", "balances", "charges")


@dataclass(frozen=True, slots=True)
class KeptQuote:
    """`tenant_id` and `work_order_id` are the requested ones, empty for all.

    `made_at` is UTC, ISO 8601, with Z.
    """

    made_at: str
    tenant_id: str
    work_order_id: str
    total_credits: int
    graph: Mapping[str, str]  # task hash by tenant/order/step
    prices: Mapping[str, int]  # credits by tenant/order/step/deliverable
    balances: Mapping[str, int]  # credits by tenant
    charges: Mapping[str, str]  # an order's charge, or why it is refused, by tenant/order


def kept(quote: Quote, made_at: str, tenant_id: str = "", work_order_id: str = "") -> KeptQuote:
    """The parts of a quote that a later run compares."""
    steps = [(f"{order.tenant_id}/{order.work_order_id}/{step.step_id}", step)
             for order in quote.orders for step in order.steps]
    return KeptQuote(
        made_at,
        tenant_id,
        work_order_id,
        quote.total_credits,
        graph={name: step.task_hash for name, step in steps},
        prices={
            f"{name}/{item.deliverable_id}": item.price_credits
            for name, step in steps
            for item in step.charges
        },
        balances={tenant.tenant_id: tenant.balance_before for tenant in quote.tenants},
        charges={
            f"{order.tenant_id}/{order.work_order_id}": _charge(order) for order in quote.orders
        },
    )


def _charge(order: OrderQuote) -> str:
    """The text is stored in the file and compared: a new wording would change old quotes."""
    before = [f"{what} {amount}" for amount, what in (
        (order.refunded_credits, "giving back"), (order.granted_credits, "granting")) if amount]
    due = f" for the period {order.period}" if order.period and not order.refusal else ""
    return (
        (order.refusal or in_credits(order.total_credits))
        + (f" after {' and '.join(before)}" if before else "")
        + due
    )


def render(quote: KeptQuote) -> dict[str, Any]:
    """The file as JSON."""
    parts = {part: dict(getattr(quote, part)) for part in PARTS}
    return {"format": QUOTE_FORMAT, "made_at": quote.made_at, "tenant_id": quote.tenant_id,
            "work_order_id": quote.work_order_id, "total_credits": quote.total_credits,
            "digests": {part: digest_of(value) for part, value in parts.items()}, **parts}


def parse(value: Mapping[str, Any]) -> KeptQuote:
    """The quote in a value that conforms to the schema. ValueError if a digest does not match."""
    for part in PARTS:
        if digest_of(value[part]) != value["digests"][part]:
            raise ValueError(f"{part} does not match its digest")
    return KeptQuote(
        value["made_at"],
        value["tenant_id"],
        value["work_order_id"],
        value["total_credits"],
        *(value[part] for part in PARTS),
    )


def moved(old: KeptQuote, new: KeptQuote) -> tuple[str, ...]:
    """What has changed since a quote, one line each; empty if the bill is still the same.

    A new or deleted step has one line, without its prices.
    """
    found = [_graph(name, before, now) for name, before, now in _changes(old.graph, new.graph)]
    found += [
        f"prices: {name} was {in_credits(before)}, now {now}"
        for name, before, now in _changes(old.prices, new.prices)
        if before is not None and now is not None
    ]
    found += [f"balances: {name} had {_amount(before)}, now {_amount(now)}"
              for name, before, now in _changes(old.balances, new.balances)]
    found += [f"charges: {name} was {before or 'not in the quote'}, now {now or 'not in the run'}"
              for name, before, now in _changes(old.charges, new.charges)]
    if old.total_credits != new.total_credits:
        found.append(f"total: {in_credits(old.total_credits)} quoted, now {new.total_credits}")
    return tuple(found)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        (name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]


def _graph(name: str, before: str | None, now: str | None) -> str:
    if before is None or now is None:
        return f"graph: step {name} is {'new' if before is None else 'missing'}"
    return f"graph: step {name} was {before[:12]}, now {now[:12]}; see `why step:{name}`"


def _amount(amount: int | None) -> str:
    return "no balance" if amount is None else in_credits(amount)
