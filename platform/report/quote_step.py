"""What the next run does with one step of a quoted order, and what it costs. Pure."""
from collections.abc import Collection, Sequence

from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Fact
from platform.model.ids import RUN_CHARGE
from platform.model.order import Kind
from platform.model.plan import PlannedOrder, PlannedStep
from platform.report.quote_values import (
    AGAIN,
    MAY_AGAIN,
    MAY_WAIT,
    WAITS,
    Action,
    ItemQuote,
    StepQuote,
    Terms,
)

UP_TO_DATE = "up to date"


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


def quoted_step(
    book: Book,
    step: PlannedStep,
    charged: set[tuple[str, str]],
    refusal: str,
    due: str,
    above: Sequence[str],
    delivery: str,
    terms: Terms,
) -> StepQuote:
    """The quote of one step.

    Args:
        book: the draft, before the posts of the step's order.
        charged: (step id, deliverable id) of the items that the order's charge contains.
        refusal: the reason why the order does not start, or empty.
        due: why the step runs, or empty.
        above: the steps upstream that run again.
        delivery: see `delivery_again`.
    """
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


def delivery_again(book: Book, step: PlannedStep, changing: Sequence[str], terms: Terms) -> str:
    """Whether a delivery that arrived, or may have, is sent again: AGAIN, WAITS, MAY_AGAIN,
    MAY_WAIT or empty.

    Its package can change if a step upstream runs, except for a step that only makes missing
    outputs again. Only the run shows whether it does (MAY_AGAIN, MAY_WAIT): with the same package,
    it completes the delivery by its receipt. Without a record of what was delivered, packages are
    not compared.
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
    return MAY_AGAIN if terms.resend else MAY_WAIT
