"""What the next run would do, and what it would cost: asked before, told in the words of the bill. Pure.

Every amount is what `decide_charge` says, which is what the charge itself posts, on a draft of the book: first the
confirmed payments that a run applies, then order after order in the plan's order, each seeing what those before it
took. So the quote is the bill, to the credit, as long as nothing moves between the two; what fails in the run is given
back after it and is no part of a quote. With `-n` and too few credits for all orders, who comes first is not known.
"""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from platform.errors import ConflictError
from platform.ledger.balance import Answer, Book
from platform.ledger.charge import decide_charge, unpaid
from platform.ledger.credit import unapplied
from platform.model.entry import Post, PostType
from platform.model.ids import StepId
from platform.model.plan import Plan, PlannedOrder, PlannedStep
from platform.model.prices import Payment, Promotion
from platform.model.problem import Problem
from platform.model.tenant import Tenant

UP_TO_DATE = "up to date"
INVALID = "workorder_invalid"


class Action(StrEnum):
    """What the next run does with a step."""

    RUN = "run"
    CACHED = "cached"  # it is up to date
    REFUSED = "refused"  # its order is not started


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
    steps: tuple[StepQuote, ...]


@dataclass(frozen=True, slots=True)
class TenantQuote:
    """A tenant's credits. `balance_before` has the confirmed payments in it that the run will post first."""

    tenant_id: str
    balance_before: int
    payments_credits: int
    granted_credits: int
    total_credits: int
    balance_after: int


@dataclass(frozen=True, slots=True)
class Quote:
    orders: tuple[OrderQuote, ...]
    tenants: tuple[TenantQuote, ...]

    @property
    def total_credits(self) -> int:
        return sum(order.total_credits for order in self.orders)


def quote(plan: Plan, book: Book, tenants: Mapping[str, Tenant], promotions: Mapping[str, Promotion],
          payments: Iterable[Payment], day: date, due: Mapping[StepId, str]) -> Quote:
    """The quote of all orders of a plan. `due`: why a step would run, by its id; a step not in it is up to date.

    ConflictError when a confirmed payment was edited after it was posted: the run would stop there.
    """
    draft, paid_in = with_payments(book, payments)
    names = dict.fromkeys(order.tenant_id for order in [*plan.orders, *plan.refused])
    before = {name: draft.balance(name) for name in names}
    orders = [_order(draft, order, tenants[order_id.tenant_id], promotions, day, due)
              for order_id, order in plan.orders.items()]
    orders += [OrderQuote(*order_id, "", INVALID, _lines(problems), 0, 0, 0, ())
               for order_id, problems in plan.refused.items()]
    return Quote(tuple(orders), tuple(_tenant(name, before[name], paid_in.get(name, 0), draft, orders)
                                      for name in names))


def with_payments(book: Book, payments: Iterable[Payment]) -> tuple[Book, dict[str, int]]:
    """A draft on the book with the confirmed payments that a run posts first; what they add, in credits by tenant."""
    draft, added = book.draft(), dict[str, int]()
    for post in unapplied(draft, payments):
        answer = draft.compare(post)
        if answer is Answer.DIFFERENT:
            raise ConflictError(f"payment {post.metadata['payment_id']} was posted before with other values, and a run "
                                "would stop there; restore its row, use another payment_id for another payment")
        if answer is Answer.NEW:
            draft.apply(post)
            added[post.tenant_id] = added.get(post.tenant_id, 0) + post.amount_credits
    return draft, added


def _order(draft: Book, order: PlannedOrder, tenant: Tenant, promotions: Mapping[str, Promotion], day: date,
           due: Mapping[StepId, str]) -> OrderQuote:
    """One order, and its posts into the draft."""
    decision = decide_charge(draft, order, tenant, promotions, day)
    charged = set() if decision.refusal else {(item.step_id, item.deliverable_id) for item in unpaid(draft, order)}
    running = {step.id.step_id for step in order.steps if step.id in due}
    steps = tuple(_step(draft, step, charged, decision.refusal, due.get(step.id, ""), running) for step in order.steps)
    fresh = [post for post in decision.posts if draft.compare(post) is Answer.NEW]
    for post in fresh:
        draft.apply(post)
    return OrderQuote(*order.id, str(order.order.metadata.get("title", "")), decision.refusal, (),
                      -_sum(fresh, PostType.SPEND), decision.amount_credits, _sum(fresh, PostType.TOPUP), steps)


def _step(book: Book, step: PlannedStep, charged: set[tuple[str, str]], refusal: str, due: str,
          running: set[str]) -> StepQuote:
    items = tuple(ItemQuote(charge.deliverable_id,
                            charge.amount_credits if (step.id.step_id, charge.deliverable_id) in charged else 0,
                            charge.amount_credits, book.paid(step.task_hash, charge.deliverable_id),
                            book.epoch(step.task_hash, charge.deliverable_id)) for charge in step.charges)
    action, reason = Action.CACHED, UP_TO_DATE
    if refusal:
        action, reason = Action.REFUSED, refusal
    elif due:
        action, reason = Action.RUN, due
    elif again := [name for name in step.upstream if name in running]:
        reason = f"{UP_TO_DATE}, unless {' or '.join(again)} makes something else this time"
    return StepQuote(step.id.step_id, step.contract.module_id, action, reason, sum(item.credits for item in items),
                     items, step.task_hash)


def _tenant(name: str, before: int, paid_in: int, draft: Book, orders: Sequence[OrderQuote]) -> TenantQuote:
    own = [order for order in orders if order.tenant_id == name]
    return TenantQuote(name, before, paid_in, sum(order.granted_credits for order in own),
                       sum(order.total_credits for order in own), draft.balance(name))


def _sum(posts: Iterable[Post], type_: PostType) -> int:
    return sum(post.amount_credits for post in posts if post.type is type_)


def _lines(problems: Iterable[Problem]) -> tuple[str, ...]:
    return tuple(str(problem) for problem in problems)
