"""The charges of one run: each order's is decided once, and kept for the tasks that ask about it.

The first charge of a tenant decides those of all its orders that were asked for, in the plan's order. Which of them
gets the last credits, or the last use of a promotion, is then the same on every machine and with every `-n`.
"""
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platform.ledger.balance import Book
from platform.ledger.charge import ChargeDecision, decide_charge, unpaid
from platform.ledger.refund import supersede
from platform.model.entry import Post, PostType
from platform.model.ids import OrderId
from platform.model.plan import PlannedOrder

if TYPE_CHECKING:
    from platform.tasks.session import Session


@dataclass(frozen=True, slots=True)
class Charged:
    """What one order's charge came to. `refunded_credits`: for work that the order no longer has and that was not done;
    `refusal`: why it may not run, or nothing."""

    spent_credits: int
    granted_credits: int
    refunded_credits: int
    balance_credits: int
    refusal: str


class Charges:
    """Of one session. Safe for threads."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._lock = threading.RLock()
        self._decided: dict[OrderId, Charged] = {}
        self._paid: dict[OrderId, tuple[int, bool]] = {}
        self.asked: Collection[OrderId] | None = None  # the orders that the command line buys; None for all

    def charge(self, order_id: OrderId) -> Charged:
        """Post the order's charge, or its refusal; and before it those of the tenant's orders that stand before it."""
        with self._lock:
            if order_id not in self._decided:
                for order in self._together(order_id):
                    self._decided.setdefault(order.id, self._charge(order))
            return self._decided[order_id]

    def is_current(self, order_id: OrderId) -> bool:
        """Whether there is nothing to post for the order, and nothing that was posted for it still to be told."""
        if order_id in self._decided or not self._session.has_ledger:
            return False
        order, book = self._session.plan.orders[order_id], self._session.ledger.book
        return not unpaid(book, order) and not self._superseded(order)

    def refusal(self, order_id: OrderId) -> str:
        """Why the order's charge was refused in this run, or nothing."""
        decided = self._decided.get(order_id)
        return decided.refusal if decided else ""

    def would_be_refused(self, order_id: OrderId) -> str:
        """Why the order's charge would be refused now, or nothing; nothing is posted. For who only looks."""
        now = self._session
        order, tenant = now.plan.orders[order_id], now.repo.tenants[order_id.tenant_id]
        return decide_charge(now.ledger.book, order, tenant, now.repo.promotions, now.now.date()).refusal

    def may_run(self, order_id: OrderId) -> bool:
        """Whether the order is paid: by its charge in this run or, when that had nothing to do, before."""
        decided = self._decided.get(order_id)
        if decided:
            return not decided.refusal
        book = self._session.ledger.book
        with self._lock:
            at, answer = self._paid.get(order_id, (-1, False))
            if at != book.seq:  # every post may change the answer, nothing else can
                answer = not unpaid(book, self._session.plan.orders[order_id])
                self._paid[order_id] = (book.seq, answer)
        return answer

    def orphans(self) -> tuple[Post, ...]:
        """Refunds for orders that are gone or are drafts now and had paid for what was not done. Orders that are only
        wrong are left alone, and so are those that this command did not read."""
        now = self._session
        if now.only is not None or not now.has_ledger:
            return ()
        gone = [order for order in now.ledger.book.open_orders() if order.tenant_id in now.repo.tenants
                and order not in now.plan.orders and order not in now.plan.refused]
        return tuple(post for order in gone for post in supersede(
            now.ledger.book, order, (), now.records_of(order), now.repo.reasons))

    def _together(self, order_id: OrderId) -> Iterable[PlannedOrder]:
        return (order for order in self._session.plan.orders.values() if order.id.tenant_id == order_id.tenant_id
                and (order.id == order_id or self.asked is None or order.id in self.asked))

    def _charge(self, order: PlannedOrder) -> Charged:
        now = self._session
        tenant, day = now.repo.tenants[order.id.tenant_id], now.now.date()
        back = now.ledger.post(lambda book: self._superseded(order))
        decision = ChargeDecision()

        def decide(book: Book) -> tuple[Post, ...]:
            nonlocal decision
            decision = decide_charge(book, order, tenant, now.repo.promotions, day)
            return decision.posts

        posted = now.ledger.post(decide)
        return Charged(-sum(post.amount_credits for post in posted if post.type is PostType.SPEND),
                       sum(post.amount_credits for post in posted if post.type is PostType.TOPUP),
                       sum(post.amount_credits for post in back),
                       now.ledger.book.balance(order.id.tenant_id), decision.refusal)

    def _superseded(self, order: PlannedOrder) -> tuple[Post, ...]:
        now = self._session
        planned = frozenset(step.task_hash for step in order.steps)
        return supersede(now.ledger.book, order.id, planned, now.records_of(order.id), now.repo.reasons)
