"""The charges of one run: each order's is decided once, and kept for the tasks that ask about it.

The first charge of a tenant decides those of all its orders that were asked for, in the plan's order. Which of them
gets the last credits, or the last use of a promotion, is then the same on every machine and with every `-n`.
"""
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from platform.ledger.balance import Book
from platform.ledger.charge import decide_charge, unpaid
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
                orders = [order for order in self._together(order_id) if order.id not in self._decided]
                self._decided.update(zip((order.id for order in orders), self._charge(orders), strict=True))
            return self._decided[order_id]

    def is_current(self, order_id: OrderId) -> bool:
        """Whether there is nothing to post for the order, and nothing that was posted for it still to be told."""
        if order_id in self._decided or not self._session.has_ledger:
            return False
        order, book = self._session.plan.orders[order_id], self._session.ledger.book
        return not unpaid(book, order) and not self._superseded(order, book)

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

    def _charge(self, orders: Sequence[PlannedOrder]) -> list[Charged]:
        """What became of each order's charge: decided one after the other, and on the disk with one fsync."""
        now, told = self._session, dict[OrderId, tuple[str, int]]()

        def decide(order: PlannedOrder, book: Book) -> tuple[Post, ...]:
            tenant = now.repo.tenants[order.id.tenant_id]
            decision = decide_charge(book, order, tenant, now.repo.promotions, now.now.date())
            balance = book.balance(order.id.tenant_id) + sum(post.amount_credits for post in decision.posts)
            told[order.id] = decision.refusal, balance
            return decision.posts

        both = [partial(act, order) for order in orders for act in (self._superseded, decide)]
        done = iter(now.ledger.post_each(both))
        return [Charged(-_sum(posted, PostType.SPEND), _sum(posted, PostType.TOPUP), _sum(back, PostType.REFUND),
                        told[order.id][1], told[order.id][0])
                for order, back, posted in zip(orders, done, done, strict=True)]

    def _superseded(self, order: PlannedOrder, book: Book) -> tuple[Post, ...]:
        now = self._session
        planned = frozenset(step.task_hash for step in order.steps)
        return supersede(book, order.id, planned, now.records_of(order.id), now.repo.reasons)


def _sum(posts: Iterable[Post], type_: PostType) -> int:
    return sum(post.amount_credits for post in posts if post.type is type_)
