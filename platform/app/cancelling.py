"""Cancel a step or an order: stop what runs, and refund what was charged and not done.

    1. the request is written, for each step that is not done
    2. the run that holds the order stops its step and starts no other one; it settles as always
    3. when the order is free, what is still open is refunded here, and the requests are removed

If a process is killed in between, the next run carries out the requests that are left.
"""
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from platform.app.order_locks import held_since
from platform.app.run import Run, say
from platform.ledger.rules.balance import Book
from platform.ledger.rules.refund import cancelled
from platform.ledger.rules.tables import Fact
from platform.model.ids import RUN_CHARGE, OrderId, StepId
from platform.model.named import Named
from platform.model.order import Kind
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.reasons import CANCELLED
from platform.model.utc import utc_text
from platform.run.cancel_request import (
    CancelRequest,
    forget_request,
    read_request,
    write_request,
)

OpenWorks = dict[StepId, set[str]]  # the task hashes of each step


@dataclass(frozen=True, slots=True)
class CancelResult:
    """What became of the steps that were named. `refunded_credits` by step. `held`: deliveries
    that may have arrived. `done`: steps that are completed, and not refunded."""

    order: OrderId
    refunded_credits: dict[str, int]
    held: tuple[str, ...]
    done: tuple[str, ...]
    before: bool  # everything was cancelled by an earlier request


def request_cancel(run: Run, asked: Named, request: CancelRequest) -> OpenWorks:
    """Ask for the cancellation of what is not done, if it is charged or a run works on it. Returns
    what was asked for; empty if there is nothing to cancel."""
    works = _open_works(run, asked)
    at_work = held_since(run.workspace.runtime_dir, asked.order) is not None
    if not at_work:
        book = run.billing.book
        works = {step: hashes for step, hashes in works.items()
                 if any(book.paid(task, RUN_CHARGE) is not None for task in hashes)}
    for step, hashes in works.items():
        write_request(run.workspace.runtime_dir, step,
                      request._replace(task_hashes=tuple(sorted(hashes))))
    return works


def wait_for_order(run: Run, asked: Named) -> None:
    """Wait until the run that works on the order has stopped, and lock the order."""
    what = ("it stops the step within seconds, and settles the order when its other steps have "
            "ended" if asked.step_id else "it stops within seconds")
    run.locks.wait([asked.order], lambda line: say(f"{line}; {what}"))
    run.records.forget(asked.order)


def refund_cancelled(run: Run, asked: Named, works: OpenWorks, request: CancelRequest) -> None:
    """Post what the run that was stopped did not, and remove the requests. Hold the order first.
    Idempotent."""
    doubts = {task for step, hashes in works.items() for task in hashes
              if _may_have_left(run, step, task)}
    meant = {task for hashes in works.values() for task in hashes} - doubts
    runs = run.records.every(asked.order)
    run.billing.ledger.post(lambda book: cancelled(
        book, asked.order, meant, runs, run.snapshot.repo.reasons, request.words))
    book = run.billing.ledger.book
    for step, hashes in works.items():
        if not any(_is_open(book, task) for task in hashes):
            forget_request(run.workspace.runtime_dir, step)


def clear_requests(run: Run, order: PlannedOrder) -> None:
    """After a settlement: remove the requests whose work is refunded or done."""
    for step in order.steps:
        request = read_request(run.workspace.runtime_dir, step.id)
        if request and not any(_is_open(run.billing.ledger.book, task)
                               for task in request.task_hashes):
            forget_request(run.workspace.runtime_dir, step.id)


def request_for(run: Run, planned: PlannedStep) -> CancelRequest | None:
    """The request that a run carries out on a step that it is about to start.

    A request about other work is removed, and so is one about work that is refunded or done, and an
    earlier one about a step that is named to run again."""
    request = read_request(run.workspace.runtime_dir, planned.id)
    if request is None:
        return None
    again = run.allowed.retries(planned.id) and request.at < utc_text(run.snapshot.now)
    is_open = _is_open(run.billing.history.book, planned.task_hash)
    if planned.task_hash in request.task_hashes and is_open and not again:
        return request
    forget_request(run.workspace.runtime_dir, planned.id)
    return None


def cancel_result(run: Run, asked: Named, since: int, works: OpenWorks) -> CancelResult:
    """What was posted for the order since the post with number `since`, and the rest."""
    refunded: dict[str, int] = {}
    for record in run.billing.history.of_kinds(("refund",)) if run.billing.exists else ():
        post = record.post
        if record.seq > since and (post.tenant_id, post.work_order_id) == asked.order:
            for item in post.items:
                refunded[item.step_id] = refunded.get(item.step_id, 0) + item.amount_credits
    order = run.snapshot.plan.orders.get(asked.order)
    own = [step for step in order.steps if asked.covers(step.id)] if order else []
    done = tuple(step.id.step_id for step in own
                 if (last := run.records.of_step(step)) and last.completed)
    held = tuple(sorted(step.step_id for step, hashes in works.items()
                        if step.step_id not in refunded and step.step_id not in done
                        and any(_may_have_left(run, step, task) for task in hashes)))
    before = not works and any(
        (waits := run.holding.own(step)) and waits.reason == CANCELLED for step in own
    ) if run.billing.exists else False
    return CancelResult(asked.order, refunded, held, done, before)


def new_request(by: str, note: str) -> CancelRequest:
    return CancelRequest(by, utc_text(datetime.now(UTC)), note, ())


def _open_works(run: Run, asked: Named) -> OpenWorks:
    """The work of the named steps that is not done: of the plan, and what the ledger has of earlier
    versions of the order."""
    found: OpenWorks = {}
    book = run.billing.book
    for step_id, task in _all_works(run, book, asked.order):
        if asked.covers(step_id) and (
                book.fact(task, book.epoch(task, RUN_CHARGE)) is not Fact.DONE):
            found.setdefault(step_id, set()).add(task)
    return found


def _all_works(run: Run, book: Book, order_id: OrderId) -> Iterable[tuple[StepId, str]]:
    order = run.snapshot.plan.orders.get(order_id)
    for step in order.steps if order else ():
        last = run.records.of_step(step)
        if last is None or not last.completed:
            yield step.id, step.task_hash
    for item in book.open_items(order_id):
        if not _completed(run, order_id, item.task_hash):
            yield StepId(*order_id, item.step_id), item.task_hash


def _completed(run: Run, order_id: OrderId, task: str) -> bool:
    return any(record.completed and record.task_hash == task
               for record in run.records.every(order_id))


def _is_open(book: Book, task: str) -> bool:
    """Whether work is paid and not done."""
    return (book.paid(task, RUN_CHARGE) is not None
            and book.fact(task, book.epoch(task, RUN_CHARGE)) is not Fact.DONE)


def _may_have_left(run: Run, step: StepId, task: str) -> bool:
    """Whether the work is a delivery that may have arrived."""
    if not run.billing.exists:
        return False
    book = run.billing.history.book
    epoch = book.epoch(task, RUN_CHARGE)
    planned = run.snapshot.planned(step)
    if any(past.doubts for past in run.deliveries.index.of_step(step)
           if past.work == (task, epoch)):
        return True
    # without a plan, nothing else says that held work was no delivery
    may_be = planned is None or planned.kind is Kind.DELIVERY
    return may_be and book.fact(task, epoch) is Fact.HELD


def in_doubt(run: Run, planned: PlannedStep) -> bool:
    """Whether a step is a delivery that may have arrived."""
    return _may_have_left(run, planned.id, planned.task_hash)


