"""Deleted orders and drafts that paid for work that was not done, and their refunds."""
from collections.abc import Callable, Collection

from platform.app.billing import Billing
from platform.app.order_record import order_dir
from platform.app.records import Records
from platform.app.snapshot import Snapshot
from platform.ledger.rules.balance import Book
from platform.ledger.rules.refund import supersede
from platform.model.entry import Post
from platform.model.ids import OrderId


class Orphans:
    """The orphans that one run sees. Three kinds of orders are none: orders with errors, orders
    that this command did not read, and orders of another clone."""

    def __init__(self, snapshot: Snapshot, records: Records, billing: Billing,
                 is_shared: Callable[[], bool]) -> None:
        self._snapshot, self._records, self._billing = snapshot, records, billing
        self._is_shared = is_shared

    def orders(self) -> tuple[OrderId, ...]:
        """The orders."""
        if self._snapshot.scope is not None or not self._billing.exists:
            return ()
        tenants, plan = self._snapshot.repo.tenants, self._snapshot.plan
        return tuple(
            order
            for order in self._billing.history.book.open_orders()
            if order.tenant_id in tenants
            and order not in plan.orders
            and order not in plan.refused
            and self._was_here(order)
        )

    def refunds(self, book: Book | None = None, of: Collection[OrderId] | None = None
                ) -> tuple[Post, ...]:
        """What the orders get back. `book`: the newest one; `of`: these orders only."""
        orders = self.orders() if of is None else tuple(of)
        book = self._billing.history.book if orders and book is None else book
        return tuple(post for order in orders for post in supersede(
            book or Book(), order, (), self._records.every(order), self._snapshot.repo.reasons))

    def _was_here(self, order_id: OrderId) -> bool:
        """Whether an order that is not in the plan belongs to this clone, so that it has ended.

        It does if this clone has charged or run it, or has its file, which then is a draft.
        Otherwise, only another clone of the ledger has the order."""
        workspace = self._snapshot.workspace
        folder = workspace.root / "tenants" / order_id.tenant_id / "workorders"
        return (
            not self._is_shared()
            or order_dir(workspace.runtime_dir, order_id).is_dir()
            or (folder / f"{order_id.work_order_id}.yml").is_file()
        )
