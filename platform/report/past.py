"""The results of orders that ran and were then deleted, hidden or made drafts. Pure."""
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PastOrder:
    """`state` is DRAFT, DELETED or UNREADABLE; the other fields are of its last run.

    `finished_at` is UTC, ISO 8601, with Z.
    """

    tenant_id: str
    work_order_id: str
    state: str
    last_status: str
    last_reason: str
    completed: int
    steps: int
    finished_at: str


def lines(orders: Iterable[PastOrder]) -> list[str]:
    """One line per order. It names the command that shows the order's posts."""
    return [
        f"{order.state:<10} {order.tenant_id}/{order.work_order_id}  last run {order.finished_at}: "
        + "  ".join(
            part
            for part in (
                order.last_status,
                order.last_reason,
                f"{order.completed} of {order.steps} steps completed",
            )
            if part
        )
        + f"; its posts: statement --tenant-id {order.tenant_id}"
        for order in orders
    ]
