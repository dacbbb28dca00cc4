"""What a step costs on a day: `__run__`, and each bought deliverable its own."""
from collections.abc import Sequence
from datetime import date

from platform.model.ids import RUN_CHARGE
from platform.model.plan import Charge
from platform.model.prices import PriceList


def charges(prices: PriceList, module_id: str, deliverables: Sequence[str], day: date) -> tuple[Charge, ...]:
    """The items of one step with the price in force. LookupError without a price: `check` has said so before."""
    return tuple(_charge(prices, module_id, item, day) for item in (RUN_CHARGE, *deliverables))


def _charge(prices: PriceList, module_id: str, deliverable_id: str, day: date) -> Charge:
    row = prices.in_force(module_id, deliverable_id, day)
    if row is None:
        raise LookupError(f"no price in force for {module_id} {deliverable_id} on {day}")
    return Charge(deliverable_id, row.price_credits, row.effective_from.isoformat())
