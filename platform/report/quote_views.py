"""A quote as JSON and as text. Both show only values of the quote. Pure."""
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from platform.model.words import counted, in_credits
from platform.plan.period import in_words
from platform.report.quote_values import (
    AGAIN,
    INVALID,
    MAY_AGAIN,
    MAY_WAIT,
    WAITS,
    Action,
    OrderQuote,
    Quote,
    StepQuote,
    TenantQuote,
)

WHOLE = ("An order is bought whole: running one of its steps charges everything of it that is not "
         "yet paid.")
EXACT = ("The run charges exactly this, unless orders, prices or balances change before; "
         "failed steps are refunded.")


def as_json(quote: Quote) -> dict[str, Any]:
    """The totals over all tenants, then each tenant and each order."""
    return {
        "total_credits": quote.total_credits,
        "balance_before": sum(tenant.balance_before for tenant in quote.tenants),
        "balance_after": sum(tenant.balance_after for tenant in quote.tenants),
        "payments_credits": sum(tenant.payments_credits for tenant in quote.tenants),
        "refunded_credits": sum(tenant.refunded_credits for tenant in quote.tenants),
        "granted_credits": sum(tenant.granted_credits for tenant in quote.tenants),
        "deliveries_again": quote.deliveries(AGAIN), "deliveries_waiting": quote.deliveries(WAITS),
        "deliveries_again_if_changed": quote.deliveries(MAY_AGAIN),
        "deliveries_waiting_if_changed": quote.deliveries(MAY_WAIT),
        "edited_payments": list(quote.conflicts),
        "notes": [WHOLE, EXACT],
        "tenants": [asdict(tenant) for tenant in quote.tenants],
        "orders": [asdict(order) for order in quote.orders],
    }


def as_text(quote: Quote) -> str:
    """One block per order, one line per step, the balances, the total; without colour."""
    lines = [line for order in quote.orders for line in _order(order)]
    lines += [_tenant(tenant) for tenant in quote.tenants]
    lines += [f"conflict   payment {name} was edited after it was posted: the edit has no effect, "
              "and a run ends with 11" for name in quote.conflicts]
    lines += _deliveries(quote)
    if len(quote.orders) != 1:
        refused = sum(order.needed_credits for order in quote.orders if order.refusal)
        more = f", and {in_credits(refused)} needed for refused orders" if refused else ""
        lines.append(f"total      {in_credits(quote.total_credits)} for "
                     f"{counted(len(quote.orders), 'order')}{more}")
    if not quote.orders:
        return "no enabled work orders: nothing would be charged"
    return "\n".join([*lines, WHOLE, EXACT])


def _order(order: OrderQuote) -> Iterable[str]:
    name = f"{order.tenant_id}/{order.work_order_id}"
    if order.refusal == INVALID:
        yield f"refused    {name}  invalid input: nothing runs, and nothing is charged"
        yield from (f"  {problem}" for problem in order.problems)
        return
    if order.refusal:
        needs = in_credits(order.needed_credits)
        yield f"refused    {name}  {needs}  {order.refusal}: nothing runs  {_what(order)}".rstrip()
        yield f"  {order.refusal_words}"
    else:
        total = in_credits(order.total_credits)
        yield f"charge     {name}  {total}{_before(order)}  {_what(order)}".rstrip()
    width = max((len(step.step_id) for step in order.steps), default=0)
    modules = max((len(step.module_id) for step in order.steps), default=0)
    yield from (_step(step, width, modules) for step in order.steps)


def _deliveries(quote: Quote) -> Iterable[str]:
    """The deliveries that are sent again, and those that wait for a decision, certainly or if their
    packages change."""
    if again := quote.deliveries(AGAIN):
        yield (
            f"deliveries {counted(again, 'delivery', 'deliveries')} that arrived, or may have, "
            f"{AGAIN}"
        )
    if waiting := quote.deliveries(WAITS):
        number = counted(waiting, "delivery", "deliveries")
        yield (f"deliveries {number} that arrived, or may have: {WAITS} before anything is sent "
               "again (`delivery settle`; for a repair also `doit run --resend-repaired`)")
    for what, then in ((MAY_AGAIN, AGAIN), (MAY_WAIT, f"{WAITS} (`delivery settle`, or "
                                                      "`doit run --resend-repaired`)")):
        if changing := quote.deliveries(what):
            yield (f"deliveries {counted(changing, 'delivery', 'deliveries')} that arrived: steps "
                   "upstream run again; with the same package, nothing is sent and nothing waits; "
                   f"with another, each {then}")


def _what(order: OrderQuote) -> str:
    return "  ".join(
        part for part in (order.title, in_words(order.period, order.next_period)) if part
    )


def _before(order: OrderQuote) -> str:
    """What is posted for an order before its charge."""
    return "".join(f", {in_credits(amount)} {what}" for amount, what in (
        (order.refunded_credits, "refunded for work that was never done"),
        (order.granted_credits, "granted")) if amount)


def _step(step: StepQuote, width: int, modules: int) -> str:
    refused = step.action is Action.REFUSED  # then the prices show what would be charged
    amounts = [
        (
            item.deliverable_id,
            item.price_credits if refused and item.paid_credits is None else item.credits,
        )
        for item in step.charges
        if not refused or step.needed_credits
    ]
    due = ", ".join(f"{name} {price}" for name, price in amounts if price)
    reason = f"{step.reason}; {step.delivery}" if step.delivery else step.reason
    why = f"{reason} ({due})" if due else reason
    amount = step.needed_credits if refused else step.credits
    return (
        f"  {step.action:<8} {step.step_id:<{width}}  {step.module_id:<{modules}} {amount:>5}  "
        f"{why}"
    )


def _tenant(tenant: TenantQuote) -> str:
    first = [f"{amount} from {what}" for amount, what in (
        (tenant.payments_credits, "confirmed payments that the run posts first"),) if amount]
    granted = "".join(f", {amount} {what}" for amount, what in (
        (tenant.refunded_credits, "refunded"), (tenant.granted_credits, "granted")) if amount)
    return (
        f"balance    {tenant.tenant_id}  {tenant.balance_before} before"
        + (f" ({first[0]})" if first else "")
        + f"{granted}, {tenant.total_credits} charged, {tenant.balance_after} after"
    )
