"""The charges of one run. Each order's charge is decided once, and kept for the tasks that query
it.

The first charge of a run decides the charges of all requested orders, in the plan's order, with one
write and one fsync. So the same order gets the last credits, or the last use of a promotion, on
every machine and with every `-n`. Each order is charged completely or not at all. If the posts of
an order are refused, the order is decided again, alone, when its own task charges it.

An order is locked while its charge is posted. One that another run works on, or that was edited
since this run read it, is left for later (`at_work`) and not decided.
"""
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from platform.app.at_work import AtWork
from platform.app.billing import Billing
from platform.app.guard import Guard
from platform.app.holding import Holding
from platform.app.order_record import make_order_dir
from platform.app.records import Records
from platform.app.snapshot import Snapshot
from platform.config.read import is_as_read
from platform.confined import Folder
from platform.errors import ConflictError, CreditsError, PlatformError
from platform.ledger.rules.balance import Answer, Book
from platform.ledger.rules.charge import NOT_ENOUGH, ChargeDecision, decide_charge, unpaid
from platform.ledger.rules.refund import supersede
from platform.model.entry import Post, PostType
from platform.model.ids import OrderId
from platform.model.plan import PlannedOrder
from platform.model.run import RunRecord
from platform.owned import Displaced
from platform.report.refusal import describe_debt, describe_refusal


@dataclass(frozen=True, slots=True)
class Charged:
    """The result of one order's charge.

    `refunded_credits`: for work that the order no longer contains and that was not done.
    `refusal`: the reason why the order may not run; empty if it may."""

    spent_credits: int
    granted_credits: int
    refunded_credits: int
    balance_credits: int
    refusal: str
    words: str = field(default="", compare=False)  # the refusal in words


class Charges:
    """The charges of one run. Thread-safe. `buys`: the orders that the command line charges; None:
    all."""

    def __init__(
        self,
        snapshot: Snapshot,
        records: Records,
        billing: Billing,
        holding: Holding,
        guard: Guard,
        at_work: AtWork,
        *,
        buys: Collection[OrderId] | None,
    ) -> None:
        self._snapshot, self._records, self._billing = snapshot, records, billing
        self._holding, self._guard, self._at_work = holding, guard, at_work
        self._buys = buys
        self._lock = threading.RLock()
        self._begun = False  # whether the requested orders have been decided together
        self._decided: dict[OrderId, Charged] = {}
        self._paid: dict[OrderId, tuple[int, bool]] = {}
        self._owing: set[OrderId] = set()  # orders with a step that waited for a debt's payment

    def charge(self, order_id: OrderId) -> Charged | None:
        """Post the order's charge, or its refusal. The first call does so for all requested
        orders. None: the order is left for later."""
        with self._lock:
            if not self._begun:
                self._begin(order_id)
            if order_id not in self._decided:
                self._post([self._snapshot.plan.orders[order_id]])
            return self._decided.get(order_id)

    def _begin(self, order_id: OrderId) -> None:
        """Decide the charges of all requested orders together.

        If one order fails, its error is reported when its own task charges it. If the code of a
        decision fails, nothing of the batch is posted."""
        try:
            self._post(self._together(order_id))
        except (ConflictError, CreditsError, Displaced):
            self._begun = True
        except PlatformError:
            raise  # an error of the ledger or the disk
        except Exception:  # noqa: BLE001  a defect, which the affected order's own task raises
            self._begun = True
        else:
            self._begun = True

    def is_current(self, order_id: OrderId) -> bool:
        """Whether the order needs no post, and this run has posted nothing for it that must be
        reported."""
        if order_id in self._decided or not self._billing.exists:
            return False
        return not self._is_due(self._snapshot.plan.orders[order_id])

    def stands(self, order_id: OrderId) -> bool:
        """Whether the order is still paid, or refused, as this run found or left it. False: another
        run has refunded it since, because it failed or was edited."""
        decided = self._decided.get(order_id)
        if decided and decided.refusal:
            return True
        order, book = self._snapshot.plan.orders[order_id], self._billing.history.book
        return not unpaid(book, order, self._holding.unbought(order))

    def _is_due(self, order: PlannedOrder) -> bool:
        book = self._billing.history.book
        return bool(unpaid(book, order, self._holding.unbought(order)) or self._superseded(
            book, order, self._records.every(order.id)))

    def refusal(self, order_id: OrderId) -> str:
        """The reason why this run refused the order's charge, or one of its steps because of a
        debt; empty if it refused neither."""
        decided = self._decided.get(order_id)
        return (decided.refusal if decided else "") or (
            NOT_ENOUGH if order_id in self._owing else ""
        )

    def debt(self, order_id: OrderId) -> str:
        """The debt for which steps of the order waited in this run, in words; empty if none
        waited."""
        owed = (
            self._billing.history.book.debt(order_id.tenant_id) if order_id in self._owing else 0
        )
        return describe_debt(order_id.tenant_id, owed) if owed else ""

    def refused_now(self, order_id: OrderId) -> tuple[str, str]:
        """The reason why the order's charge would be refused now, and what to do, in words. Both
        are empty if it would be accepted. For read-only commands: nothing is posted."""
        order, tenant = (
            self._snapshot.plan.orders[order_id],
            self._snapshot.repo.tenants[order_id.tenant_id],
        )
        book = self._billing.history.book
        decision, owed = self._decide(book, order), book.debt(order_id.tenant_id)
        if owed and not decision.posts:
            return NOT_ENOUGH, describe_debt(order_id.tenant_id, owed)
        return decision.refusal, describe_refusal(decision, order, tenant)

    def _decide(self, book: Book, order: PlannedOrder) -> ChargeDecision:
        snapshot = self._snapshot
        return decide_charge(
            book,
            order,
            snapshot.repo.tenants[order.id.tenant_id],
            snapshot.repo.promotions,
            snapshot.now.date(),
            self._holding.unbought(order),
        )

    def may_run(self, order_id: OrderId) -> bool:
        """Whether the order is paid, in this run or before, and its tenant has no debt. Called
        for a step that has work to do."""
        decided = self._decided.get(order_id)
        if decided and decided.refusal:
            return False
        book, order = self._billing.history.book, self._snapshot.plan.orders[order_id]
        if book.debt(order_id.tenant_id):
            with self._lock:
                self._owing.add(order_id)
            return False
        if decided:
            return True
        with self._lock:
            at, answer = self._paid.get(order_id, (-1, False))
            if at != book.seq:  # only a post can change the answer
                answer = not unpaid(book, order, self._holding.unbought(order))
                self._paid[order_id] = (book.seq, answer)
        return answer

    def forget(self) -> None:
        """Discard what is known of the book, because other clones have posted."""
        with self._lock:
            self._paid.clear()

    def _together(self, order_id: OrderId) -> list[PlannedOrder]:
        return [order for order in self._snapshot.plan.orders.values()
                if order.id == order_id or self._buys is None or order.id in self._buys]

    def _post(self, orders: Collection[PlannedOrder]) -> None:
        """Post the charge of each order that can be had, and keep its result. After an error, the
        other orders' posts and results are kept.

        Raises:
            ConflictError, CreditsError: an order's posts are refused.
            Displaced: something else is at the path of an order's results; the first such error.
        """
        orders, displaced = self._with_directory(orders)
        due = {order.id for order in orders if self._is_due(order)}
        with self._at_work.briefly(due, self._is_as_read) as got:
            self._post_held([order for order in orders if order.id in got])
        book = self._billing.history.book
        self._decided |= {order.id: Charged(0, 0, 0, book.balance(order.id.tenant_id), "")
                          for order in orders if order.id not in due}
        if displaced:
            raise displaced[0]

    def _is_as_read(self, order_id: OrderId) -> bool:
        """For an order that was locked now: read its records again; whether its file is the same.
        """
        self._records.forget(order_id)
        self._holding.forget(order_id)
        with Folder.at(self._snapshot.workspace.root) as top:
            return is_as_read(top, self._snapshot.repo.orders[order_id].source)

    def _post_held(self, orders: Collection[PlannedOrder]) -> None:
        decided: dict[OrderId, tuple[tuple[Post, ...], Charged]] = {}

        def decide(
            order: PlannedOrder, records: Collection[RunRecord], book: Book
        ) -> tuple[Post, ...]:
            decided[order.id] = self._decision(book, order, records)
            return decided[order.id][0]

        ledger, records_of = self._billing.ledger, self._records.every
        for order in orders:
            self._holding.unbought(order)  # before the ledger's lock is taken
        # The records, too, are read before the lock is taken.
        decisions = [partial(decide, order, records_of(order.id)) for order in orders]
        try:
            ledger.post_each(decisions)
            self._guard.keep()
        except (ConflictError, CreditsError):
            self._decided |= {order_id: charged for order_id, (posts, charged) in decided.items()
                              if all(ledger.book.compare(post) is Answer.SAME for post in posts)}
            raise
        self._decided |= {order_id: charged for order_id, (_, charged) in decided.items()}

    def _with_directory(self, orders: Collection[PlannedOrder]
                        ) -> tuple[list[PlannedOrder], list[Displaced]]:
        """Create the orders' directories. Return the orders that have one, and the other orders'
        errors.

        This happens before the post, because `Orphans` checks the directories. An order whose
        results could not be stored is not charged."""
        ready, displaced = [], []
        for order in orders:
            try:
                make_order_dir(self._snapshot.workspace.runtime_dir, order.id)
                ready.append(order)
            except Displaced as error:
                displaced.append(error)
        return ready, displaced

    def _decision(self, book: Book, order: PlannedOrder, records: Collection[RunRecord]
                  ) -> tuple[tuple[Post, ...], Charged]:
        """The posts for an order, and the result. Pure, except for the data that it has read."""
        back = self._superseded(book, order, records)
        draft = book.draft()
        for post in back:
            draft.apply(post)
        tenant = self._snapshot.repo.tenants[order.id.tenant_id]
        decision = self._decide(draft, order)
        posts = (*back, *decision.posts)
        sums = {
            type_: sum(post.amount_credits for post in posts if post.type is type_)
            for type_ in PostType
        }
        return posts, Charged(
            -sums[PostType.SPEND],
            sums[PostType.TOPUP],
            sums[PostType.REFUND],
            book.balance(order.id.tenant_id) + sum(sums.values()),
            decision.refusal,
            describe_refusal(decision, order, tenant),
        )

    def _superseded(
        self, book: Book, order: PlannedOrder, records: Iterable[RunRecord]
    ) -> tuple[Post, ...]:
        planned = frozenset(step.task_hash for step in order.steps)
        return supersede(book, order.id, planned, records, self._snapshot.repo.reasons)
