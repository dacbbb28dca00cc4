"""The book: what the journal's posts add up to. Pure; the same posts give the same book everywhere.

Of a post it keeps a digest, to tell a replay from a conflict. Of an item it keeps the epoch and,
while it is paid, the amount. A balance is always a sum; nobody sets it.
"""
from collections.abc import Collection, Iterable
from enum import Enum
from functools import partial
from itertools import count

from platform.errors import CorruptError
from platform.ledger.rules import keys
from platform.ledger.rules.follow import follow_objection
from platform.ledger.rules.form import fact_after
from platform.ledger.rules.tables import (
    Account,
    Fact,
    Facts,
    Kept,
    State,
    States,
    Tables,
    kept_of,
    short,
)
from platform.model.entry import LOSS, TRANSFER, Item, Post, PostType, may_owe, received
from platform.model.ids import DELIVERY_EVIDENCE, RUN_CHARGE, OrderId

# kinds that say what became of work
_TEACH = frozenset({"completion", "claim", "void", "decision"})
_SPEND = PostType.SPEND  # to look it up in the enum takes as long as an addition of balances


class Answer(Enum):
    """A post's key is unknown, known with the same body, or known with another body."""

    NEW = "new"
    SAME = "same"
    DIFFERENT = "different"


class Book:
    """`seq` is the number of posts applied. An answer of the book is valid for that `seq` only.

    Of a key it keeps 120 bits of a digest, of a body a 60-bit mark; tasks in the same state share
    one tuple. A draft is a book on top of another, to see the effect of more posts.
    """

    def __init__(self, below: "Book | None" = None) -> None:
        self.seq: int = below.seq if below else 0
        self._below = below
        self._shared: dict[States, States] = {}
        self._shared_facts: dict[Facts, Facts] = {}
        self._hold(Tables({}, {}, {}, {}, {}, {}))

    @classmethod
    def of(cls, seq: int, tables: Tables) -> "Book":
        """The book that consists of these tables, which it then owns."""
        book = cls()
        book.seq = seq
        book._hold(tables)
        book._shared = {states: states for states in tables.tasks.values()}
        book._shared_facts = {facts: facts for facts in tables.facts.values()}
        return book

    def tables(self) -> Tables:
        """The tables themselves. Of a draft: only what was added to it."""
        return Tables(self._posts, self._accounts, self._tasks, self._uses, self._facts, self._open)

    def _hold(self, tables: Tables) -> None:
        self._posts, self._accounts, self._tasks, self._uses, self._facts, self._open = tables

    def draft(self) -> "Book":
        """A book on top of this one, which does not change when the draft does."""
        return Book(self)

    def balance(self, tenant_id: str) -> int:
        """A tenant's credits: the sum of its posts. 0 for an unknown tenant."""
        return self.account(tenant_id).balance_credits

    def debt(self, tenant_id: str) -> int:
        """Credits that a tenant owes; 0 when it owes none. Only a correction with `allow_debt`
        makes a debt, and no step of the tenant runs, paid or not, until it is covered."""
        return max(0, -self.balance(tenant_id))

    def account(self, tenant_id: str) -> Account:
        """A tenant's balance in credits, and the time of its last post (UTC)."""
        found = self._accounts.get(tenant_id)
        if found is None:
            return self._below.account(tenant_id) if self._below else Account(0, "")
        return found

    def accounts(self) -> dict[str, Account]:
        """Accounts by tenant, in the order of their first post."""
        return {**(self._below.accounts() if self._below else {}), **self._accounts}

    def balances(self) -> dict[str, int]:
        """Credits by tenant, in the order of their first post."""
        return {
            tenant_id: account.balance_credits for tenant_id, account in self.accounts().items()
        }

    def epoch(self, task_hash: str, deliverable_id: str) -> int:
        """How often this item was refunded."""
        return self.state(short(task_hash), deliverable_id).refund_epoch

    def paid(self, task_hash: str, deliverable_id: str) -> int | None:
        """Credits paid for this item at its current epoch; 0 counts as paid, None does not."""
        return self.state(short(task_hash), deliverable_id).paid_credits

    def fact(self, task_hash: str, refund_epoch: int) -> Fact | None:
        """What is known permanently about a task after so many refunds of its run, or None."""
        return self._fact(short(task_hash), refund_epoch)

    def open_items(self, order: OrderId) -> tuple[Item, ...]:
        """What an order has paid for while no outcome is known: the posted SPEND items."""
        return tuple(item for item in self._opened(order).values() if item is not None)

    def open_orders(self) -> tuple[OrderId, ...]:
        """The orders with open items, in the order of their first charge."""
        orders = dict.fromkeys([*(self._below.open_orders() if self._below else ()), *self._open])
        return tuple(order for order in orders if self.open_items(order))

    def _opened(self, order: OrderId) -> "dict[str, Item | None]":
        return {**(self._below._opened(order) if self._below else {}), **self._open.get(order, {})}

    def has(self, key: str) -> bool:
        """Whether a post with this key is in the book."""
        return self._mark(short(key)) is not None

    def missing_in(self, other: "Book") -> int:
        """How many posts of this book (not a draft) another lacks, or has with another body."""
        return sum(other._mark(key) != mark for key, mark in self._posts.items())

    def uses(self, tenant_id: str, promo_code: str) -> int:
        """How often a tenant was granted a promotion."""
        found = self._uses.get((tenant_id, promo_code))
        if found is None:
            return self._below.uses(tenant_id, promo_code) if self._below else 0
        return found

    def compare(self, post: Post, kept: Kept | None = None) -> Answer:
        """Whether a post is new, a replay or a conflict. Its time does not count."""
        kept = kept or kept_of(post)
        known = self._mark(kept.key)
        if known is None:
            return Answer.NEW
        return Answer.SAME if known == kept.mark else Answer.DIFFERENT

    def objection(self, post: Post, kept: Kept) -> str:
        """Why a post cannot follow the posts in the book, or nothing. Balances: see `covers`."""
        return follow_objection(self, post, kept)

    def apply(self, post: Post, kept: Kept | None = None, at: str = "") -> None:
        """Add a post. CorruptError when it breaks a rule that every writer keeps. `kept` is
        `kept_of(post)`; with it, the post may lack key and texts, which only messages use."""
        kept = kept or kept_of(post)
        if self._mark(kept.key) is not None:
            raise CorruptError(f"key {post.key} is posted twice")
        if objection := self.objection(post, kept):
            raise CorruptError(objection)
        if not self.covers(post):
            raise CorruptError(f"{post.key} takes the balance of {post.tenant_id} below zero")
        self.add(post, kept, at)

    def covers(self, post: Post) -> bool:
        """Whether a post leaves the balance at zero or above, takes nothing, or may make a debt."""
        return (post.amount_credits >= 0 or may_owe(post)
                or self.balance(post.tenant_id) + post.amount_credits >= 0)

    def add(self, post: Post, kept: Kept | None = None, at: str = "") -> None:
        """Add a post that was judged on this very book. `at` is its time (UTC)."""
        kept = kept or kept_of(post)
        if post.items:
            order = OrderId(post.tenant_id, post.work_order_id)
            for item, task in zip(post.items, kept.tasks, strict=True):
                if item.deliverable_id != DELIVERY_EVIDENCE:
                    self._add_item(order, item, task)
        self._posts[kept.key] = kept.mark
        if post.kind != LOSS:  # it is of no tenant
            self._accounts[post.tenant_id] = Account(
                self.balance(post.tenant_id) + post.amount_credits, at
            )
        if post.kind == TRANSFER:
            _, tenant_id, amount = received(post)
            self._accounts[tenant_id] = Account(self.balance(tenant_id) + amount, at)
        if post.kind in _TEACH:
            self._learn(post)
        elif post.kind == "promotion":
            used = (post.tenant_id, str(post.metadata["promo_code"]))
            self._uses[used] = self.uses(*used) + 1
        self.seq += 1

    def _add_item(self, order: OrderId, item: Item, task: bytes) -> None:
        spend, deliverable_id = item.type is _SPEND, item.deliverable_id
        state = (State(deliverable_id, item.refund_epoch, -item.amount_credits) if spend
                 else State(deliverable_id, item.refund_epoch + 1, None))
        states = (
            *[other for other in self._states(task) if other.deliverable_id != deliverable_id],
            state,
        )
        self._tasks[task] = self._shared.setdefault(states, states)
        key = f"{item.task_hash}:{deliverable_id}"
        if spend and not self._is_done(task):
            self._open.setdefault(order, {})[key] = item
        else:
            self._close(order, [key])

    def _learn(self, post: Post) -> None:
        order, told = OrderId(post.tenant_id, post.work_order_id), post.metadata
        if post.kind == "completion":
            for fact, tasks in ((Fact.HELD, told["held"]), (Fact.DONE, told["done"])):
                # as in the journal: a snapshot is the same from all
                for task_hash, epoch in sorted(tasks.items()):
                    self._set_fact(task_hash, epoch, fact)
            done: Collection[str] = told["done"]
        else:
            task_hash, epoch = told["task_hash"], told["refund_epoch"]
            before = self.fact(task_hash, epoch)
            after = fact_after(post, before, partial(self._has_claims, task_hash, epoch))
            if after is not before:
                self._set_fact(task_hash, epoch, after)
            done = (task_hash,) if after is Fact.DONE else ()
        self._close(
            order,
            [key for key, item in self._opened(order).items() if item and item.task_hash in done],
        )

    def _has_claims(self, task_hash: str, refund_epoch: int) -> bool:
        """Whether an attempt was claimed that is not void."""
        for attempt in count(1):
            if not self.has(keys.claim(task_hash, refund_epoch, attempt)):
                return False
            if not self.has(keys.void(task_hash, refund_epoch, attempt)):
                return True
        return False

    def _set_fact(self, task_hash: str, refund_epoch: int, fact: Fact | None) -> None:
        task = short(task_hash)
        known = dict(self._facts_of(task))
        known.pop(refund_epoch, None)
        facts = tuple(sorted((known if fact is None else {**known, refund_epoch: fact}).items()))
        self._facts[task] = self._shared_facts.setdefault(facts, facts)

    def _close(self, order: OrderId, keys: Iterable[str]) -> None:
        """Forget open items; a draft has to remember that they are gone."""
        mine = self._open.setdefault(order, {})
        for key in keys:
            if self._below:
                mine[key] = None
            else:
                mine.pop(key, None)
        if not mine:
            del self._open[order]

    def state(self, task: bytes, deliverable_id: str) -> State:
        """The state of an item; `task` is the short digest of its task hash."""
        for state in self._states(task):
            if state.deliverable_id == deliverable_id:
                return state
        return State(deliverable_id, 0, None)

    def _states(self, task: bytes) -> States:
        found = self._tasks.get(task)
        if found is None:
            return self._below._states(task) if self._below else ()
        return found

    def _fact(self, task: bytes, refund_epoch: int) -> Fact | None:
        return dict(self._facts_of(task)).get(refund_epoch)

    def _is_done(self, task: bytes) -> bool:
        facts = self._facts_of(task)
        return bool(facts) and (self.state(task, RUN_CHARGE).refund_epoch, Fact.DONE) in facts

    def _facts_of(self, task: bytes) -> Facts:
        found = self._facts.get(task)
        if found is None:
            return self._below._facts_of(task) if self._below else ()
        return found

    def _mark(self, key: bytes) -> int | None:
        found = self._posts.get(key)
        return self._below._mark(key) if found is None and self._below else found
