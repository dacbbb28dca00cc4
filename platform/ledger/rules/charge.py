"""The charge of an order: one SPEND for all its steps that are not yet paid, or one row that
says why not. Pure."""
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from platform.ledger.rules import keys
from platform.ledger.rules.balance import Book
from platform.ledger.rules.body import price_words
from platform.ledger.rules.credit import grants
from platform.model.entry import Item, Post, PostType
from platform.model.plan import Charge, PlannedOrder, PlannedStep
from platform.model.prices import Promotion
from platform.model.tenant import Tenant, TenantStatus

NOT_ENOUGH = "not_enough_credits"


@dataclass(frozen=True, slots=True)
class ChargeDecision:
    """What to post. `refusal` is the reason why the order may not run, or empty. `amount_credits`
    is the whole charge."""

    posts: tuple[Post, ...] = ()
    refusal: str = ""
    amount_credits: int = 0
    available_credits: int = 0  # the balance with the promotions that come first


def unpaid(book: Book, order: PlannedOrder, without: Collection[str] = ()) -> tuple[Item, ...]:
    """The SPEND items of the order's charge, in the plan's order; none when everything is paid.
    `without` are ids of steps that wait for a decision and are not bought."""
    return tuple(
        _item(book, step, charge)
        for step in order.steps
        for charge in step.charges
        if step.id.step_id not in without
        if book.paid(step.task_hash, charge.deliverable_id) is None
    )


def decide_charge(
    book: Book,
    order: PlannedOrder,
    tenant: Tenant,
    promotions: Mapping[str, Promotion],
    day: date,
    without: Collection[str] = (),
) -> ChargeDecision:
    """The charge of an order: all of it, or a refusal.

    A suspended tenant buys nothing, but may finish what it has paid for. The operator's limit
    applies to the cost of the whole order, paid or not, so that buying it in parts does not evade
    the limit. The order's promotions are granted before its charge, each while it is in force on
    `day` and not used up. `without` are ids of steps that wait for a decision and are not bought.
    """
    items, balance = unpaid(book, order, without), book.balance(order.id.tenant_id)
    amount = -sum(item.amount_credits for item in items)
    if not items:
        return ChargeDecision()
    if tenant.status is TenantStatus.SUSPENDED:
        return ChargeDecision(
            (_refusal(order, items, "tenant_suspended"),), "tenant_suspended", amount, balance
        )
    limit = tenant.terms.max_credits_per_order
    if limit is not None and order.total_credits > limit:
        return ChargeDecision(
            (_refusal(order, items, "order_limit_exceeded"),),
            "order_limit_exceeded",
            amount,
            balance,
        )
    named = [promotions[code] for code in order.promotions if code in promotions]
    granted = grants(book, order.id, named, day)
    available = balance + sum(post.amount_credits for post in granted)
    if available < amount:
        return ChargeDecision((*granted, _refusal(order, items, NOT_ENOUGH)), NOT_ENOUGH, amount,
                              available)
    steps = len({item.step_id for item in items})
    spend = Post(
        keys.charge(items),
        "charge",
        order.id.tenant_id,
        PostType.SPEND,
        -amount,
        order.id.work_order_id,
        note=f"{steps} of {len(order.steps)} steps",
        items=items,
    )
    return ChargeDecision((*granted, spend), "", amount, available)


def _item(book: Book, step: PlannedStep, charge: Charge) -> Item:
    deliverable_id, epoch = charge.deliverable_id, book.epoch(step.task_hash, charge.deliverable_id)
    return Item(
        keys.item(PostType.SPEND, step.task_hash, deliverable_id, epoch),
        step.contract.module_id,
        step.id.step_id,
        deliverable_id,
        PostType.SPEND,
        -charge.amount_credits,
        step.task_hash,
        epoch,
        metadata=price_words(charge.amount_credits, charge.effective_from),
    )


def _refusal(order: PlannedOrder, items: tuple[Item, ...], reason: str) -> Post:
    needed = -sum(item.amount_credits for item in items)
    return Post(
        keys.refusal(items, reason),
        "refusal",
        order.id.tenant_id,
        PostType.SPEND,
        0,
        order.id.work_order_id,
        reason_code=reason,
        note=f"{order.id.work_order_id} was not started",
        metadata={"needed_credits": needed} if needed else {},
    )
