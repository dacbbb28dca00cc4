"""Where credits come from: top-ups, confirmed payments, promotions. Pure."""
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from platform.errors import UsageError
from platform.ledger.rules import keys
from platform.ledger.rules.balance import Answer, Book
from platform.model.entry import Post, PostType
from platform.model.ids import OrderId
from platform.model.prices import Payment, Promotion
from platform.model.reference import normalised

# of one amount, here and in the schemas of config/: spreadsheets still add up thousands exactly
MAX_CREDITS = 10**12


def topup(
    tenant_id: str, amount_credits: int, topup_method_id: str, reference: str, note: str = ""
) -> Post:
    """The TOPUP of an operator. Tenant, method and reference are the key. UsageError unless
    `amount_credits` is an integer from 1 to MAX_CREDITS."""
    _positive(amount_credits)
    reference = normalised(reference)
    return Post(
        keys.topup(tenant_id, topup_method_id, reference),
        "topup",
        tenant_id,
        PostType.TOPUP,
        amount_credits,
        note=note,
        metadata={"topup_method_id": topup_method_id, "reference": reference},
    )


def payment(row: Payment) -> Post:
    """The TOPUP of a confirmed payment. UsageError unless its amount is an integer from 1 to
    MAX_CREDITS."""
    _positive(row.amount_credits)
    metadata = {"payment_id": row.payment_id, "topup_method_id": row.topup_method_id,
                "reference": normalised(row.reference)}
    return Post(
        keys.payment(row.payment_id),
        "payment",
        row.tenant_id,
        PostType.TOPUP,
        row.amount_credits,
        note=row.note,
        metadata=metadata,
    )


def reconcile(payments: Iterable[Payment]) -> tuple[Post, ...]:
    """The TOPUPs of all confirmed payments. Those that are in the ledger already are replays."""
    return tuple(payment(row) for row in payments if row.status == "CONFIRMED")


def unapplied(book: Book, payments: Iterable[Payment]) -> tuple[Post, ...]:
    """The TOPUPs of confirmed payments that the ledger does not have in this form. For a payment
    that was edited after it was posted, posting it is a conflict."""
    return tuple(
        payment(row)
        for row in payments
        if row.status == "CONFIRMED"
        and not any(book.compare(post) is Answer.SAME for post in _forms(row))
    )


def _forms(row: Payment) -> Iterable[Post]:
    """A payment as it is posted now, and as earlier versions did: with its reference as it was
    typed."""
    post = payment(row)
    yield post
    if post.metadata["reference"] != row.reference:
        yield replace(post, metadata={**post.metadata, "reference": row.reference})


def grants(
    book: Book, order: OrderId, promotions: Sequence[Promotion], day: date
) -> tuple[Post, ...]:
    """The promotions that an order's charge grants first. Each is in force on `day`, not yet
    redeemed by this order, and not used up by its tenant."""
    once = {promotion.promo_code: promotion for promotion in promotions}.values()
    posts = [_grant(order, promotion) for promotion in once if promotion.covers(day)
             and book.uses(order.tenant_id, promotion.promo_code) < promotion.max_uses_per_tenant]
    return tuple(post for post in posts if not book.has(post.key))


def _grant(order: OrderId, promotion: Promotion) -> Post:
    return Post(
        keys.promotion(order.tenant_id, promotion.promo_code, order.work_order_id),
        "promotion",
        order.tenant_id,
        PostType.TOPUP,
        promotion.credits,
        order.work_order_id,
        note=promotion.notes,
        metadata={
            "promo_code": promotion.promo_code,
            # so that every writer keeps it
            "max_uses_per_tenant": promotion.max_uses_per_tenant,
        },
    )


def _positive(amount_credits: int) -> None:
    if isinstance(amount_credits, bool) or not 0 < amount_credits <= MAX_CREDITS:
        raise UsageError(
            f"{amount_credits} credits cannot be topped up; use a whole number from 1 to "
            f"{MAX_CREDITS}"
        )
