"""What the next run would do and what it would cost, in the terms of the bill. Pure.

The run's own functions compute every amount, on a draft of the book and in the run's order:

1. confirmed payments;
2. refunds for deleted orders;
3. for each order in the plan's order, `supersede` and then `decide_charge`, after the posts of the
   orders before it.

So the quote equals the bill, as long as nothing changes in between. The run refunds failed steps
afterwards; that is not part of a quote.
"""
from collections.abc import Iterable, Sequence

from platform.ledger.rules import keys
from platform.ledger.rules.balance import Answer, Book
from platform.ledger.rules.charge import NOT_ENOUGH, decide_charge, unpaid
from platform.ledger.rules.credit import unapplied
from platform.ledger.rules.payments import is_open
from platform.ledger.rules.refund import supersede
from platform.model.entry import Post, PostType
from platform.model.plan import Plan, PlannedOrder
from platform.report.quote_step import delivery_again, quoted_step, running_above
from platform.report.quote_values import INVALID, OrderQuote, Quote, TenantQuote, Terms
from platform.report.refusal import describe_debt, describe_refusal


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
    owed = draft.debt(order.id.tenant_id)
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
        quoted_step(
            draft,
            step,
            charged,
            refusal,
            due.get(step.id, ""),
            above[step.id.step_id],
            "" if refusal else delivery_again(draft, step, changing[step.id.step_id], terms),
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
