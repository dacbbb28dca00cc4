"""The charges of one run: each order's is decided once, and kept for the tasks that ask about it.

The first charge of a run decides those of all orders that were asked for, in the plan's order, with one write and one
fsync. Which of them gets the last credits, or the last use of a promotion, is then the same on every machine and with
every `-n`. Each order is all or nothing by itself; one whose posts are refused is told so when it asks, by itself.
"""
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import partial

from platform.app.billing import Billing
from platform.app.guard import Guard
from platform.app.holding import Holding
from platform.app.order_record import make_order_dir, order_dir
from platform.app.records import Records
from platform.app.snapshot import Snapshot
from platform.errors import ConflictError, CreditsError, PlatformError
from platform.ledger.rules.balance import Answer, Book
from platform.ledger.rules.charge import NOT_ENOUGH, ChargeDecision, debt, decide_charge, unpaid
from platform.ledger.rules.refund import supersede
from platform.model.entry import Post, PostType
from platform.model.ids import OrderId
from platform.model.plan import PlannedOrder
from platform.model.run import RunRecord
from platform.owned import Displaced
from platform.report.refusal import debt_in_words, in_words


@dataclass(frozen=True, slots=True)
class Charged:
    """What one order's charge came to. `refunded_credits`: for work that the order no longer has and that was not done;
    `refusal`: why it may not run, or nothing."""

    spent_credits: int
    granted_credits: int
    refunded_credits: int
    balance_credits: int
    refusal: str
    words: str = field(default="", compare=False)  # of the refusal


class Charges:
    """Of one run. Safe for threads. `buys`: the orders that the command line buys; None for all."""

    def __init__(self, snapshot: Snapshot, records: Records, billing: Billing, holding: Holding, guard: Guard, *,
                 is_shared: Callable[[], bool], buys: Collection[OrderId] | None) -> None:
        self._snapshot, self._records, self._billing = snapshot, records, billing
        self._holding, self._guard = holding, guard
        self._is_shared, self._buys = is_shared, buys
        self._lock = threading.RLock()
        self._begun = False  # the orders that were asked for have been decided together
        self._decided: dict[OrderId, Charged] = {}
        self._paid: dict[OrderId, tuple[int, bool]] = {}
        self._owing: set[OrderId] = set()  # orders of which a step waited for a debt to be covered

    def charge(self, order_id: OrderId) -> Charged:
        """Post the order's charge, or its refusal; the first time, together with those of all that were asked for."""
        with self._lock:
            if not self._begun:
                self._begin(order_id)
            if order_id not in self._decided:
                self._post([self._snapshot.plan.orders[order_id]])
            return self._decided[order_id]

    def _begin(self, order_id: OrderId) -> None:
        """Decide the charges of all orders that were asked for. What is wrong with one of them, it is told when it asks
        by itself: nothing of a batch is posted when a decision of ours breaks."""
        try:
            self._post(self._together(order_id))
        except (ConflictError, CreditsError, Displaced):
            self._begun = True
        except PlatformError:
            raise  # the ledger's or the disk's
        except Exception:  # noqa: BLE001  a defect of ours: the order that it is of meets it again, the others do not
            self._begun = True
        else:
            self._begun = True

    def is_current(self, order_id: OrderId) -> bool:
        """Whether there is nothing to post for the order, and nothing that was posted for it still to be told."""
        if order_id in self._decided or not self._billing.exists:
            return False
        order, book = self._snapshot.plan.orders[order_id], self._billing.history.book
        return not unpaid(book, order, self._holding.unbought(order)) and not self._superseded(
            book, order, self._records.every(order_id))

    def refusal(self, order_id: OrderId) -> str:
        """Why the order was refused in this run, or nothing: its charge, or a step of it for the tenant's debt."""
        decided = self._decided.get(order_id)
        return (decided.refusal if decided else "") or (NOT_ENOUGH if order_id in self._owing else "")

    def debt(self, order_id: OrderId) -> str:
        """In words, the debt that steps of the order waited for in this run; nothing when none did."""
        owed = debt(self._billing.history.book, order_id.tenant_id) if order_id in self._owing else 0
        return debt_in_words(order_id.tenant_id, owed) if owed else ""

    def refused_now(self, order_id: OrderId) -> tuple[str, str]:
        """Why the order's charge would be refused now, or nothing, and in words what is needed and what to do; nothing
        is posted. For who only looks."""
        order, tenant = self._snapshot.plan.orders[order_id], self._snapshot.repo.tenants[order_id.tenant_id]
        book = self._billing.history.book
        decision, owed = self._decide(book, order), debt(book, order_id.tenant_id)
        if owed and not decision.posts:
            return NOT_ENOUGH, debt_in_words(order_id.tenant_id, owed)
        return decision.refusal, in_words(decision, order, tenant)

    def _decide(self, book: Book, order: PlannedOrder) -> ChargeDecision:
        snapshot = self._snapshot
        return decide_charge(book, order, snapshot.repo.tenants[order.id.tenant_id], snapshot.repo.promotions,
                             snapshot.now.date(), self._holding.unbought(order))

    def may_run(self, order_id: OrderId) -> bool:
        """Whether the order is paid, by its charge in this run or, when that had nothing to do, before, and its
        tenant owes nothing. Asked for a step that has something to do."""
        decided = self._decided.get(order_id)
        if decided and decided.refusal:
            return False
        book, order = self._billing.history.book, self._snapshot.plan.orders[order_id]
        if debt(book, order_id.tenant_id):
            with self._lock:
                self._owing.add(order_id)
            return False
        if decided:
            return True
        with self._lock:
            at, answer = self._paid.get(order_id, (-1, False))
            if at != book.seq:  # every post may change the answer, nothing else can
                answer = not unpaid(book, order, self._holding.unbought(order))
                self._paid[order_id] = (book.seq, answer)
        return answer

    def forget(self) -> None:
        """Others' posts came in between: what was known of the book may not hold any more."""
        with self._lock:
            self._paid.clear()

    def orphans(self, book: Book | None = None) -> tuple[Post, ...]:
        """Refunds for orders that are gone or are drafts now and had paid for what was not done. Orders that are only
        wrong are left alone, and so are those that this command did not read, and those of another clone."""
        if self._snapshot.scope is not None or not self._billing.exists:
            return ()
        book = self._billing.history.book if book is None else book
        tenants, plan = self._snapshot.repo.tenants, self._snapshot.plan
        gone = [order for order in book.open_orders() if order.tenant_id in tenants
                and order not in plan.orders and order not in plan.refused and self._was_here(order)]
        return tuple(post for order in gone for post in supersede(
            book, order, (), self._records.every(order), self._snapshot.repo.reasons))

    def _was_here(self, order_id: OrderId) -> bool:
        """Whether an order that is not in the plan is over, rather than one that only another clone of the ledger has
        ever had: this clone has charged or run it, or has its file, which is a draft then."""
        workspace = self._snapshot.workspace
        file = workspace.root / "tenants" / order_id.tenant_id / "workorders" / f"{order_id.work_order_id}.yml"
        return not self._is_shared() or order_dir(workspace.runtime_dir, order_id).is_dir() or file.is_file()

    def _together(self, order_id: OrderId) -> list[PlannedOrder]:
        return [order for order in self._snapshot.plan.orders.values()
                if order.id == order_id or self._buys is None or order.id in self._buys]

    def _post(self, orders: Collection[PlannedOrder]) -> None:
        """Post what each order needs and keep what it came to. ConflictError or CreditsError when an order's posts are
        refused, Displaced where something else stands in the place of its results, the first of them: then the others
        are posted and kept."""
        orders, displaced = self._with_place(orders)
        told: dict[OrderId, tuple[tuple[Post, ...], Charged]] = {}

        def decide(order: PlannedOrder, records: Collection[RunRecord], book: Book) -> tuple[Post, ...]:
            told[order.id] = self._decision(book, order, records)
            return told[order.id][0]

        ledger, records_of = self._billing.ledger, self._records.every
        for order in orders:
            self._holding.unbought(order)  # not under the ledger's lock
        decisions = [partial(decide, order, records_of(order.id)) for order in orders]  # records: not under its lock
        try:
            ledger.post_each(decisions)
            self._guard.keep()
        except (ConflictError, CreditsError):
            self._decided |= {order_id: charged for order_id, (posts, charged) in told.items()
                              if all(ledger.book.compare(post) is Answer.SAME for post in posts)}
            raise
        self._decided |= {order_id: charged for order_id, (_, charged) in told.items()}
        if displaced:
            raise displaced[0]

    def _with_place(self, orders: Collection[PlannedOrder]) -> tuple[list[PlannedOrder], list[Displaced]]:
        """The orders whose directories are there now, which is before the post: `_was_here` asks for them. And the
        errors of the others: nothing is charged whose results could not be kept."""
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
        """Pure but for what was read: what to post for an order, and what that comes to."""
        back = self._superseded(book, order, records)
        draft = book.draft()
        for post in back:
            draft.apply(post)
        tenant = self._snapshot.repo.tenants[order.id.tenant_id]
        decision = self._decide(draft, order)
        posts = (*back, *decision.posts)
        sums = {type_: sum(post.amount_credits for post in posts if post.type is type_) for type_ in PostType}
        return posts, Charged(-sums[PostType.SPEND], sums[PostType.TOPUP], sums[PostType.REFUND],
                              book.balance(order.id.tenant_id) + sum(sums.values()), decision.refusal,
                              in_words(decision, order, tenant))

    def _superseded(self, book: Book, order: PlannedOrder, records: Iterable[RunRecord]) -> tuple[Post, ...]:
        planned = frozenset(step.task_hash for step in order.steps)
        return supersede(book, order.id, planned, records, self._snapshot.repo.reasons)
