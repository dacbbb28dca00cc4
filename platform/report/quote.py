"""What the next run would do and what it would cost, in the terms of the bill. Pure.

The run's own functions compute every amount, on a draft of the book and in the run's order:

1. confirmed payments;
2. refunds for deleted orders;
3. for each order in the plan's order, `supersede` and then `decide_charge`, after the posts of the
   orders before it.

So the quote equals the bill, as long as nothing changes in between. The run refunds failed steps
afterwards; that is not part of a quote.
"""
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from platform.ledger.rules import keys
from platform.ledger.rules.balance import Answer, Book
from platform.ledger.rules.charge import NOT_ENOUGH, debt, decide_charge, unpaid
from platform.ledger.rules.credit import unapplied
from platform.ledger.rules.payments import is_open
from platform.ledger.rules.refund import supersede
from platform.ledger.rules.tables import Fact
from platform.model.entry import Post, PostType
from platform.model.held import Held
from platform.model.ids import RUN_CHARGE, OrderId, StepId
from platform.model.order import Kind
from platform.model.plan import Plan, PlannedOrder, PlannedStep
from platform.model.prices import Payment, Promotion
from platform.model.reasons import Reasons
from platform.model.run import RunRecord
from platform.model.tenant import Tenant
from platform.report.refusal import describe_debt, describe_refusal

UP_TO_DATE = "up to date"
INVALID = "workorder_invalid"
AGAIN, WAITS = "would send again", "waits for your decision"


class Action(StrEnum):
    """What the next run does with a step."""

    RUN = "run"
    CACHED = "cached"  # it is up to date
    REFUSED = "refused"  # its order does not start
    HELD = "held"  # it, or a step upstream, waits for a person's decision


@dataclass(frozen=True, slots=True)
class ItemQuote:
    """One item of a step. `credits` will be posted: 0 if it is paid or its order is refused."""

    deliverable_id: str
    credits: int
    price_credits: int  # in force today
    paid_credits: int | None  # None if it is not paid
    refund_epoch: int


@dataclass(frozen=True, slots=True)
class StepQuote:
    step_id: str
    module_id: str
    action: Action
    reason: str
    credits: int
    charges: tuple[ItemQuote, ...]
    task_hash: str
    delivery: str = ""  # of a delivery that arrived or may have: AGAIN, WAITS, or empty
    needed_credits: int = 0  # due and not paid, also if its order is refused


@dataclass(frozen=True, slots=True)
class OrderQuote:
    """`total_credits` will be posted; `needed_credits` is the charge, also if it is refused."""

    tenant_id: str
    work_order_id: str
    title: str
    refusal: str  # a reason's slug, or empty
    problems: tuple[str, ...]
    total_credits: int
    needed_credits: int
    granted_credits: int  # promotions, posted before the charge
    refunded_credits: int  # for earlier work that was never done, posted before the charge
    steps: tuple[StepQuote, ...]
    refusal_words: str = ""  # the credits needed and available, and what to do
    period: str = ""  # of a scheduled order: the start (UTC) of the quoted period, and of the next
    next_period: str = ""


@dataclass(frozen=True, slots=True)
class TenantQuote:
    """A tenant's credits. `balance_before` includes the payments that the run posts first."""

    tenant_id: str
    balance_before: int
    payments_credits: int
    refunded_credits: int
    granted_credits: int
    total_credits: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class Quote:
    """`conflicts` are ids of payments that were edited after they were posted, without effect."""

    orders: tuple[OrderQuote, ...]
    tenants: tuple[TenantQuote, ...]
    conflicts: tuple[str, ...] = ()

    @property
    def total_credits(self) -> int:
        return sum(order.total_credits for order in self.orders)

    def deliveries(self, what: str) -> int:
        """The number of deliveries that arrived, or may have, with `what`: AGAIN or WAITS."""
        return sum(step.delivery == what for order in self.orders for step in order.steps)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force, and what happened outside the book.

    * `due`: why a step would run, by its id; other steps are up to date.
    * `records`: all run records of an order, of any plan.
    * `orphaned`: the refunds for deleted orders that the run would post.
    * `held`: steps that wait for a decision.
    * `again`: deliveries that would be sent although they arrived or may have.
    * `resend`: a repair that changes a package sends it again.
    * `remade`: steps that run only because their outputs are missing here.
    * `lost`: deliveries without a record of what was delivered.
    """

    tenants: Mapping[str, Tenant]
    day: date
    promotions: Mapping[str, Promotion] = field(default_factory=dict)
    payments: Sequence[Payment] = ()
    reasons: Reasons = field(default_factory=Reasons)
    due: Mapping[StepId, str] = field(default_factory=dict)
    records: Mapping[OrderId, Sequence[RunRecord]] = field(default_factory=dict)
    orphaned: Sequence[Post] = ()
    held: Mapping[StepId, Held] = field(default_factory=dict)
    again: Collection[StepId] = ()
    resend: bool = False
    remade: Collection[StepId] = ()
    lost: Collection[StepId] = ()


def quote(plan: Plan, book: Book, terms: Terms) -> Quote:
    """The quote of all orders of a plan; `book` is the state after the last run."""
    draft = book.draft()
    conflicts = [row.payment_id for row in terms.payments
                 if book.has(keys.payment(row.payment_id)) and is_open(book, row)]
    paid_in = _apply(
        draft, [post for post in unapplied(book, terms.payments) if not book.has(post.key)]
    )
    names = dict.fromkeys(order.tenant_id for order in [*plan.orders, *plan.refused])
    before = {name: draft.balance(name) for name in names}
    back = _apply(draft, terms.orphaned)
    orders = [_order(draft, order, terms) for order in plan.orders.values()]
    orders += [OrderQuote(*order_id, "", INVALID, tuple(map(str, problems)), 0, 0, 0, 0, ())
               for order_id, problems in plan.refused.items()]
    return Quote(
        tuple(orders),
        tuple(
            _tenant(
                name,
                before[name],
                _credits_of(name, paid_in),
                _credits_of(name, back),
                draft,
                orders,
            )
            for name in names
        ),
        tuple(conflicts),
    )


def _apply(draft: Book, posts: Iterable[Post]) -> list[Post]:
    """Apply the new ones of these posts to the draft, and return them."""
    fresh = []
    for post in posts:
        if draft.compare(post) is Answer.NEW:
            draft.apply(post)
            fresh.append(post)
    return fresh


def _order(draft: Book, order: PlannedOrder, terms: Terms) -> OrderQuote:
    """The quote of one order; its posts are applied to the draft."""
    planned = frozenset(step.task_hash for step in order.steps)
    back = _apply(
        draft, supersede(draft, order.id, planned, terms.records.get(order.id, ()), terms.reasons)
    )
    unbought = {
        step.id.step_id
        for step in order.steps
        if (held := terms.held.get(step.id)) and not held.is_bought
    }
    tenant = terms.tenants[order.id.tenant_id]
    decision = decide_charge(draft, order, tenant, terms.promotions, terms.day, unbought)
    refusal, words = decision.refusal, describe_refusal(decision, order, tenant)
    owed = debt(draft, order.id.tenant_id)
    if owed and not decision.posts and any(step.id in terms.due for step in order.steps):
        refusal, words = NOT_ENOUGH, describe_debt(order.id.tenant_id, owed)
    due, above = (
        terms.due,
        running_above(order, {step.id.step_id for step in order.steps if step.id in terms.due}),
    )
    changing = running_above(order, {step.id.step_id for step in order.steps
                                     if step.id in terms.due and step.id not in terms.remade})
    charged = set() if refusal else {
        (item.step_id, item.deliverable_id) for item in unpaid(draft, order, unbought)}
    steps = tuple(
        _step(
            draft,
            step,
            charged,
            refusal,
            due.get(step.id, ""),
            above[step.id.step_id],
            "" if refusal else _delivery(draft, step, changing[step.id.step_id], terms),
            terms,
        )
        for step in order.steps
    )
    fresh = _apply(draft, decision.posts)
    return OrderQuote(
        *order.id,
        str(order.order.metadata.get("title", "")),
        refusal,
        (),
        -_sum(fresh, PostType.SPEND),
        decision.amount_credits,
        _sum(fresh, PostType.TOPUP),
        _sum(back, PostType.REFUND),
        steps,
        words,
        order.period,
        order.next_period,
    )


def running_above(order: PlannedOrder, running: Collection[str]) -> dict[str, tuple[str, ...]]:
    """For each step, the steps upstream that run again. If their outputs change, it runs too."""
    above: dict[str, tuple[str, ...]] = {}
    for step in order.steps:
        near = (
            found
            for name in step.upstream
            for found in ((name,) if name in running else above[name])
        )
        above[step.id.step_id] = tuple(dict.fromkeys(near))
    return above


def still_up_to_date(above: Sequence[str]) -> str:
    """The reason of a step that is up to date; `above` are the steps upstream that run again."""
    if not above:
        return UP_TO_DATE
    return f"{UP_TO_DATE}, unless the outputs of {' or '.join(above)} change"


def _step(book: Book, step: PlannedStep, charged: set[tuple[str, str]], refusal: str, due: str,
          above: Sequence[str], delivery: str, terms: Terms) -> StepQuote:
    items = tuple(
        ItemQuote(
            charge.deliverable_id,
            charge.amount_credits if (step.id.step_id, charge.deliverable_id) in charged else 0,
            charge.amount_credits,
            book.paid(step.task_hash, charge.deliverable_id),
            book.epoch(step.task_hash, charge.deliverable_id),
        )
        for charge in step.charges
    )
    action, reason = Action.CACHED, still_up_to_date(above)
    held = terms.held.get(step.id)
    if refusal:
        action, reason = Action.REFUSED, refusal
    elif held:
        action, reason = Action.HELD, f"{held.reason}: {held.words}"
    elif due:
        action, reason = Action.RUN, due
    needed = 0 if held and not held.is_bought else sum(
        item.price_credits for item in items if item.paid_credits is None)
    return StepQuote(
        step.id.step_id,
        step.contract.module_id,
        action,
        reason,
        sum(item.credits for item in items),
        items,
        step.task_hash,
        delivery,
        needed,
    )


def _delivery(book: Book, step: PlannedStep, changing: Sequence[str], terms: Terms) -> str:
    """Whether a delivery that arrived, or may have, is sent again: AGAIN, WAITS or empty.

    Its package can change if a step upstream runs, except for a step that only makes missing
    outputs again. Without a record of what was delivered, packages are not compared.
    """
    held = terms.held.get(step.id)
    if step.kind is not Kind.DELIVERY or (held and held.below):
        return ""
    if held:
        return WAITS
    if step.id in terms.again:
        return AGAIN
    arrived = book.fact(step.task_hash, book.epoch(step.task_hash, RUN_CHARGE)) is Fact.DONE
    if not arrived or not changing or step.id in terms.lost:
        return ""
    return AGAIN if terms.resend else WAITS


def _tenant(name: str, before: int, paid_in: int, back: int, draft: Book,
            orders: Sequence[OrderQuote]) -> TenantQuote:
    own = [order for order in orders if order.tenant_id == name]
    return TenantQuote(name, before, paid_in, back + sum(order.refunded_credits for order in own),
                       sum(order.granted_credits for order in own),
                       sum(order.total_credits for order in own), draft.balance(name))


def _sum(posts: Iterable[Post], type_: PostType) -> int:
    return sum(post.amount_credits for post in posts if post.type is type_)


def _credits_of(tenant_id: str, posts: Iterable[Post]) -> int:
    return sum(post.amount_credits for post in posts if post.tenant_id == tenant_id)
