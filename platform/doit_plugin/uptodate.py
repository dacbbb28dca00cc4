"""Whether a task has nothing to do. When a question cannot be answered, for example because the
ledger is damaged, the answer is "run it": the action then meets the same error and reports it."""
import functools
from collections.abc import Callable
from typing import Any

from platform.app import order_work
from platform.app.order_record import read_order
from platform.app.run import Run
from platform.app.snapshot import STATE_NEEDS
from platform.errors import PlatformError
from platform.ledger.rules.payments import is_open
from platform.ledger.rules.refund import settle
from platform.maintain.files import content, file_of, read_derived
from platform.model.ids import OrderId, StepId
from platform.model.order_outcome import outcome
from platform.run.current import current as reasons_to_run


def _or_run(question: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(question)
    def ask(run: Run, *args: Any) -> bool:
        try:
            with run.billing.steady:
                return question(run, *args)
        except PlatformError:
            return False
        except Exception:  # noqa: BLE001  doit would end the whole run; the action meets the same error and records it
            return False

    return ask


def no_problems(run: Run) -> bool:
    """`check` has nothing to print."""
    return not run.snapshot.run_problems


@_or_run
def state_is_current(run: Run) -> bool:
    """`state`: the billing state exists and has every payment that can be read."""
    wrong = run.snapshot.wrong_in(*STATE_NEEDS, run.workspace.options.runtime_profile)
    if run.sharing.awaits or wrong or not run.billing.exists:
        return False
    run.guard.check()
    book = run.billing.ledger.book
    return (
        not any(is_open(book, row) for row in run.snapshot.payments) and not run.orphans.refunds()
    )


@_or_run
def is_paid(run: Run, order_id: OrderId) -> bool:
    """`charge:`: nothing to post and nothing to refuse."""
    return run.charges.is_current(order_id)


@_or_run
def is_done(run: Run, step_id: StepId) -> bool:
    """`step:`: its record, its inputs and its outputs on disk all agree."""
    return not reasons_to_run(run.context, run.snapshot.step(step_id))


@_or_run
def is_settled(run: Run, order_id: OrderId) -> bool:
    """`workorder:`: completed, nothing to refund, and its record says so. Nothing more is done with
    it, so it is released."""
    if settled := _is_settled(run, order_id):
        order_work.end(run, order_id)
    return settled


def _is_settled(run: Run, order_id: OrderId) -> bool:
    order = run.snapshot.plan.orders[order_id]
    runs = run.records.of_order(order)
    result = outcome(order, runs)
    if run.holding.of(order):
        return False
    if result.status != "COMPLETED" or not run.billing.exists or run.charges.refusal(order_id):
        return False
    written = read_order(run.workspace.runtime_dir, order_id)
    return written is not None and written.matches(order, result) and not settle(
        run.billing.ledger.book, order, runs, run.snapshot.repo.reasons)


@_or_run
def is_published(run: Run, order_id: OrderId) -> bool:
    """`publish:`: everything that the order bought and made is published."""
    return not run.publishing.due(order_id)


@_or_run
def file_is_right(run: Run, name: str) -> bool:
    """`maintenance:`: the file itself is right. Unchanged sources are not enough."""
    try:
        return read_derived(run.workspace.root / file_of(name)) == content(
            run.workspace.root, name, run.facts
        )
    except FileNotFoundError:  # the manifest exists, and a file that it lists does not
        return False
