"""When a task has nothing to do. A question that cannot be answered (a damaged ledger, say) is answered "run it":
the action then meets the same error and reports it properly."""
import functools
from collections.abc import Callable
from typing import Any

from platform.app import session
from platform.app.order_record import read_order
from platform.errors import PlatformError
from platform.ledger.journal.payments import is_open
from platform.ledger.rules.refund import settle
from platform.maintain.files import content, file_of, read
from platform.model.ids import OrderId, StepId
from platform.plan.policy import outcome
from platform.run.current import current as reasons_to_run


def _or_run(question: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(question)
    def ask(*args: Any) -> bool:
        try:
            with session.current().sharing.steady:
                return question(*args)
        except PlatformError:
            return False
        except Exception:  # noqa: BLE001  doit would end the whole run; the action meets the same and records it
            return False

    return ask


def no_problems() -> bool:
    """`check` has nothing to print."""
    return not session.current().run_problems


@_or_run
def state_is_current() -> bool:
    """`state`: the billing state is there and every payment that could be read is in it."""
    now = session.current()
    if now.sharing.awaits or now.wrong_in(*session.PAID_BY, now.options.runtime_profile) or not now.has_ledger:
        return False
    now.guard.check()
    book = now.ledger.book
    return not any(is_open(book, row) for row in now.payments) and not now.charges.orphans()


@_or_run
def is_paid(order_id: OrderId) -> bool:
    """`charge:`: nothing to post and nothing to refuse."""
    return session.current().charges.is_current(order_id)


@_or_run
def is_done(step_id: StepId) -> bool:
    """`step:`: its record, its inputs and its outputs on disk all agree."""
    now = session.current()
    return not reasons_to_run(now.context, now.step(step_id))


@_or_run
def is_settled(order_id: OrderId) -> bool:
    """`workorder:`: completed, nothing to refund, and its record says so."""
    now = session.current()
    order = now.plan.orders[order_id]
    runs = now.runs(order)
    result = outcome(order, runs)
    if now.holding.of(order):
        return False
    if result.status != "COMPLETED" or not now.has_ledger or now.charges.refusal(order_id):
        return False
    written = read_order(now.runtime_dir, order_id)
    return written is not None and written.matches(order, result) and not settle(
        now.ledger.book, order, runs, now.repo.reasons)


@_or_run
def is_published(order_id: OrderId) -> bool:
    """`publish:`: nothing that the order bought and made awaits publishing."""
    return not session.current().publishing.due(order_id)


@_or_run
def file_is_right(name: str) -> bool:
    """`maintenance:`: the file is what it should be, not only unchanged in what it is made of."""
    now = session.current()
    try:
        return read(now.root / file_of(name)) == content(now.root, name, now.facts)
    except FileNotFoundError:  # the manifest is there, and one that it is over is not
        return False
