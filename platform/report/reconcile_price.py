"""What explains the amount of a charge: the price row that it names, or the row in force on its
day. Pure.

A charge keeps the values of its price row. If the row was deleted since, only the ledger explains
the charge. If the row was edited, nothing explains it: the row must be restored.
"""
from collections.abc import Sequence
from datetime import date

from platform.model.entry import Item
from platform.model.prices import PriceList, PriceRow
from platform.model.words import in_credits


def objection(prices: PriceList, item: Item, days: Sequence[date]) -> str:
    """Why no price explains this charge, or an empty string. It was decided on one of `days`."""
    what, since = f"{item.module_id} {item.deliverable_id}", _since(item)
    if since and since <= max(days):
        same = _rows(prices, item, since)
        if not same or any(row.price_credits == -item.amount_credits for row in same):
            return ""
        return (f"the price of {what} from {since} was {in_credits(-item.amount_credits)} and was "
                f"edited to {in_credits(same[0].price_credits)}: restore the row, and add another "
                "for a new price")
    rows = [prices.in_force(item.module_id, item.deliverable_id, day) for day in days]
    found = [row.price_credits for row in rows if row]
    if not found:
        return (f"no price of {what} was in force on {days[0]}, and the charge does not name its "
                "price row: restore the row, and end it with effective_to")
    if -item.amount_credits not in found:
        return f"the price of {what} on {days[0]} was {in_credits(found[0])}"
    return ""


def is_gone(prices: PriceList, item: Item) -> bool:
    """Whether the price row of a charge was deleted since."""
    since = _since(item)
    return since is not None and not _rows(prices, item, since)


def _since(item: Item) -> date | None:
    """The first day of the charge's price row; None if it names no row, or another amount."""
    price = item.metadata.get("price")
    if not isinstance(price, dict) or price.get("credits") != -item.amount_credits:
        return None
    try:
        return date.fromisoformat(str(price.get("effective_from")))
    except ValueError:
        return None


def _rows(prices: PriceList, item: Item, since: date) -> list[PriceRow]:
    return [row for row in prices.rows if (row.module_id, row.deliverable_id, row.effective_from)
            == (item.module_id, item.deliverable_id, since)]
