"""What the next run would do, and what it would cost: asked before, told in the words of the bill. Pure.

Every amount is what the run's own functions post, on a draft of the book and in their order: confirmed payments,
refunds for orders that are gone, then order after order in the plan's order `supersede` and `decide_charge`, each
seeing what those before it took. So the quote is the bill, to the credit, as long as nothing moves between the two;
what fails in the run is given back after it and is no part of a quote.
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
from platform.report.refusal import debt_in_words, in_words

UP_TO_DATE = "up to date"
INVALID = "workorder_invalid"
AGAIN, WAITS = "would send again", "waits for your decision"


class Action(StrEnum):
    """What the next run does with a step."""

    RUN = "run"
    CACHED = "cached"  # it is up to date
    REFUSED = "refused"  # its order is not started
    HELD = "held"  # it waits for a person's decision, or a step above it does


@dataclass(frozen=True, slots=True)
class ItemQuote:
    """One item of a step. `credits` is what will be posted: 0 when it is paid, or its order is refused."""

    deliverable_id: str
    credits: int
    price_credits: int  # in force today
    paid_credits: int | None  # what stands paid for it, None when nothing does
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
    delivery: str = ""  # of one that arrived, or may have: AGAIN, WAITS, or nothing
    needed_credits: int = 0  # what is due and not paid of it, also when its order is refused


@dataclass(frozen=True, slots=True)
class OrderQuote:
    """`total_credits` will be posted; `needed_credits` is what the charge comes to, also when it is refused."""

    tenant_id: str
    work_order_id: str
    title: str
    refusal: str  # a reason's slug, or nothing
    problems: tuple[str, ...]
    total_credits: int
    needed_credits: int
    granted_credits: int  # promotions, posted before the charge
    refunded_credits: int  # for what was ordered before and never done, posted before the charge
    steps: tuple[StepQuote, ...]
    refusal_words: str = ""  # what is needed, what there is, and what to do
    period: str = ""  # of an order with a schedule: when what is quoted became due (UTC), and until when it is
    next_period: str = ""


@dataclass(frozen=True, slots=True)
class TenantQuote:
    """A tenant's credits. `balance_before` has the confirmed payments in it that the run will post first."""

    tenant_id: str
    balance_before: int
    payments_credits: int
    refunded_credits: int
    granted_credits: int
    total_credits: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class Quote:
    """`conflicts`: ids of payments that were edited after they were posted, which changes nothing."""

    orders: tuple[OrderQuote, ...]
    tenants: tuple[TenantQuote, ...]
    conflicts: tuple[str, ...] = ()

    @property
    def total_credits(self) -> int:
        return sum(order.total_credits for order in self.orders)

    def deliveries(self, what: str) -> int:
        """How many deliveries that arrived, or may have, would go out AGAIN, or wait (WAITS)."""
        return sum(step.delivery == what for order in self.orders for step in order.steps)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force, and what has happened outside of the book. `due`: why a step would run, by its id; a step that
    is not there is up to date. `records`: all run records of an order, of whatever plan. `orphaned`: refunds for orders
    that are gone, as the run would post them. `held` are steps that wait for a decision, `again` deliveries that would
    be sent although they arrived or may have; `resend`: what arrived is sent again where a repair changed it; `remade`
    run only because what they made is gone here; `lost` are deliveries of which no record here says what was
    delivered."""

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
    """The quote of all orders of a plan; the book is as the last run left it."""
    draft = book.draft()
    conflicts = [row.payment_id for row in terms.payments
                 if book.has(keys.payment(row.payment_id)) and is_open(book, row)]
    paid_in = _apply(draft, [post for post in unapplied(book, terms.payments) if not book.has(post.key)])
    names = dict.fromkeys(order.tenant_id for order in [*plan.orders, *plan.refused])
    before = {name: draft.balance(name) for name in names}
    back = _apply(draft, terms.orphaned)
    orders = [_order(draft, order, terms) for order in plan.orders.values()]
    orders += [OrderQuote(*order_id, "", INVALID, tuple(map(str, problems)), 0, 0, 0, 0, ())
               for order_id, problems in plan.refused.items()]
    return Quote(tuple(orders), tuple(_tenant(name, before[name], _credits_of(name, paid_in), _credits_of(name, back),
                                              draft, orders) for name in names), tuple(conflicts))


def _apply(draft: Book, posts: Iterable[Post]) -> list[Post]:
    """What of these is new, which is then in the draft."""
    fresh = []
    for post in posts:
        if draft.compare(post) is Answer.NEW:
            draft.apply(post)
            fresh.append(post)
    return fresh


def _order(draft: Book, order: PlannedOrder, terms: Terms) -> OrderQuote:
    """One order, and its posts into the draft."""
    planned = frozenset(step.task_hash for step in order.steps)
    back = _apply(draft, supersede(draft, order.id, planned, terms.records.get(order.id, ()), terms.reasons))
    unbought = {step.id.step_id for step in order.steps if (held := terms.held.get(step.id)) and not held.is_bought}
    tenant = terms.tenants[order.id.tenant_id]
    decision = decide_charge(draft, order, tenant, terms.promotions, terms.day, unbought)
    refusal, words = decision.refusal, in_words(decision, order, tenant)
    owed = debt(draft, order.id.tenant_id)
    if owed and not decision.posts and any(step.id in terms.due for step in order.steps):
        refusal, words = NOT_ENOUGH, debt_in_words(order.id.tenant_id, owed)
    due, above = terms.due, running_above(order, {step.id.step_id for step in order.steps if step.id in terms.due})
    changing = running_above(order, {step.id.step_id for step in order.steps
                                     if step.id in terms.due and step.id not in terms.remade})
    charged = set() if refusal else {
        (item.step_id, item.deliverable_id) for item in unpaid(draft, order, unbought)}
    steps = tuple(_step(draft, step, charged, refusal, due.get(step.id, ""), above[step.id.step_id],
                        "" if refusal else _delivery(draft, step, changing[step.id.step_id], terms), terms)
                  for step in order.steps)
    fresh = _apply(draft, decision.posts)
    return OrderQuote(*order.id, str(order.order.metadata.get("title", "")), refusal, (),
                      -_sum(fresh, PostType.SPEND), decision.amount_credits, _sum(fresh, PostType.TOPUP),
                      _sum(back, PostType.REFUND), steps, words, order.period,
                      order.next_period)


def running_above(order: PlannedOrder, running: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Of each step, the steps upstream that run again: what they make may be something else, and then it runs too."""
    above: dict[str, tuple[str, ...]] = {}
    for step in order.steps:
        near = (found for name in step.upstream for found in ((name,) if name in running else above[name]))
        above[step.id.step_id] = tuple(dict.fromkeys(near))
    return above


def still_up_to_date(above: Sequence[str]) -> str:
    """What is said of a step that is up to date, by the steps above it that run again."""
    return f"{UP_TO_DATE}, unless {' or '.join(above)} makes something else this time" if above else UP_TO_DATE


def _step(book: Book, step: PlannedStep, charged: set[tuple[str, str]], refusal: str, due: str,
          above: Sequence[str], delivery: str, terms: Terms) -> StepQuote:
    items = tuple(ItemQuote(charge.deliverable_id,
                            charge.amount_credits if (step.id.step_id, charge.deliverable_id) in charged else 0,
                            charge.amount_credits, book.paid(step.task_hash, charge.deliverable_id),
                            book.epoch(step.task_hash, charge.deliverable_id)) for charge in step.charges)
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
    return StepQuote(step.id.step_id, step.contract.module_id, action, reason, sum(item.credits for item in items),
                     items, step.task_hash, delivery, needed)


def _delivery(book: Book, step: PlannedStep, changing: Sequence[str], terms: Terms) -> str:
    """Whether a delivery that arrived, or may have, is sent again. Its package may change where a step above runs that
    does not merely make again what is gone; it is compared with nothing where no record says what was delivered."""
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
