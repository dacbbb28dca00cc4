"""A statement as one HTML file, readable without network or colour, on a phone and on paper.

All text is escaped (page.py). The only other content is Graphviz's drawing, in which Graphviz
escapes the labels.
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from platform.report import graph
from platform.report.chart import HEIGHT, WIDTH, chart
from platform.report.page import rendered
from platform.report.statement import DeliveryLine, Statement
from platform.report.statement_text import days, how_delivered
from platform.report.status import OrderState, what_became

_MOST_DRAWN_STEPS = 120  # a larger drawing is slow and not readable; the list shows the same


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order on the page; `state` is None for a deleted order or a draft."""

    name: str
    state: OrderState | None
    drawing: str  # an <svg> element, or empty
    deliveries: tuple[DeliveryLine, ...]


def as_html(of: Statement, orders: Sequence[OrderState], draw: Callable[[str], str]) -> str:
    """The page. `draw` returns a digraph as an <svg> element. If it returns an empty string, the
    page shows only the list of steps."""
    from markupsafe import Markup

    most = max((spend.net_credits for spend in of.spend_by_module), default=0)
    return rendered(
        "statement.html.j2",
        {"signed": _signed, "how": how_delivered, "why": what_became},
        of=of,
        days=days(of),
        chart=chart(of),
        width=WIDTH,
        height=HEIGHT,
        most=max(1, most),
        Markup=Markup,
        orders=_views(of, orders, draw),
    )


def _views(
    of: Statement, orders: Sequence[OrderState], draw: Callable[[str], str]
) -> list[OrderView]:
    """The orders of the repository, then those that are only in the ledger."""
    known = {order.work_order_id: order for order in orders}
    names = dict.fromkeys(
        [*known, *(line.work_order_id for line in of.lines if line.work_order_id)]
    )
    return [
        OrderView(
            name,
            known.get(name),
            _drawing(known.get(name), draw),
            tuple(delivery for delivery in of.deliveries if delivery.work_order_id == name),
        )
        for name in names
    ]


def _drawing(order: OrderState | None, draw: Callable[[str], str]) -> str:
    """The drawing of an order; empty for an order that is too large or has no arrows."""
    if (
        order is None
        or len(order.steps) > _MOST_DRAWN_STEPS
        or not any(step.upstream for step in order.steps)
    ):
        return ""
    return draw(graph.dot([order], {}, titles=False))


def _signed(amount: int) -> str:
    """A signed number with the minus sign (U+2212), which is as wide as the plus sign."""
    return f"+{amount}" if amount > 0 else f"−{-amount}" if amount < 0 else "0"
