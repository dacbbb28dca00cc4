"""Settlement: the outcome of paid work, its refunds, and the evidence of deliveries. Pure.

What is known permanently is posted as a fact (`tables.Fact`), so that no later record can undo it.
Work that was done once is never refunded, whatever breaks, moves or is skipped later. Settling
twice posts nothing.
"""
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from platform.ledger.rules import keys
from platform.ledger.rules.attempts import REFUND_REASON
from platform.ledger.rules.balance import Book
from platform.ledger.rules.evidence import evidence
from platform.ledger.rules.refund_post import refund_item, refund_post
from platform.ledger.rules.tables import Fact
from platform.model.entry import Post, PostType
from platform.model.ids import RUN_CHARGE, OrderId
from platform.model.plan import PlannedOrder
from platform.model.reasons import CANCELLED, Reasons
from platform.model.run import RunRecord, Status

# the reason of a refund: the order no longer has this work, and it was not done
SUPERSEDED = "superseded"


def settle(
    book: Book, order: PlannedOrder, runs: Mapping[str, RunRecord], reasons: Reasons
) -> tuple[Post, ...]:
    """The posts after an order's steps have ended: facts, one REFUND of everything that failed for
    a refundable reason or was skipped, and evidence.

    `runs` are records by step id. Records of another task hash do not count. Failures of another
    epoch do not count either: a failure that was refunded must never refund the charge of its
    retry.
    """
    planned = {step.task_hash for step in order.steps}
    fresh = [run for run in _at_their_epoch(book, runs.values()) if run.task_hash in planned]
    back = {run.task_hash: run.reason for run in fresh if _gives_back(book, run, reasons)}
    back |= {task: REFUND_REASON for task in sorted(planned) if _fact(book, task) is Fact.RETURNED}
    posts = [
        *_facts(book, order.id, fresh, reasons),
        *_refund(book, order.id, back, _who_cancelled(fresh)),
        *evidence(order.id, fresh),
    ]
    return tuple(post for post in posts if not book.has(post.key))


def acknowledged(book: Book, order: OrderId, run: RunRecord, reasons: Reasons) -> tuple[Post, ...]:
    """The posts after a provider has acknowledged a delivery, before the order settles: its
    evidence, and the fact that it is done. Evidence comes first: if only that reaches the disk, the
    delivery is known to have arrived. It is posted even if the charge was refunded meanwhile."""
    fresh = list(_at_their_epoch(book, [run]))
    posts = [*evidence(order, fresh or [run]), *_facts(book, order, fresh, reasons)]
    return tuple(post for post in posts if not book.has(post.key))


def cancelled(book: Book, order: OrderId, tasks: Collection[str], runs: Iterable[RunRecord],
              reasons: Reasons, words: str) -> tuple[Post, ...]:
    """The posts after a person cancelled an order or a step: facts from its records, and a REFUND
    of these tasks as far as they are paid and not done. `words`: who, when and why."""
    known = list(_at_their_epoch(book, runs))
    facts = _facts(book, order, known, reasons)
    draft = book.draft()
    for post in facts:
        draft.apply(post)
    back = {task: CANCELLED for task in tasks if _fact(draft, task) is not Fact.DONE}
    return (*facts, *_refund(draft, order, back, words))


def supersede(book: Book, order: OrderId, planned: Collection[str], runs: Iterable[RunRecord],
              reasons: Reasons) -> tuple[Post, ...]:
    """The posts before an order is charged again: facts from all its records, and a REFUND of paid
    work that is not done and whose task hash is no longer `planned`, because an earlier run was
    stopped or never began."""
    known = list(_at_their_epoch(book, runs))
    facts = _facts(book, order, known, reasons)
    draft = book.draft()
    for post in facts:
        draft.apply(post)
    said = {run.task_hash: run.reason for run in known if _gives_back(draft, run, reasons)}
    back = {
        item.task_hash: said.get(item.task_hash, SUPERSEDED)
        for item in draft.open_items(order)
        if item.task_hash not in planned
        and (item.task_hash in said or _fact(draft, item.task_hash) is None)
    }
    return (*facts, *_refund(draft, order, back))


def _at_their_epoch(book: Book, runs: Iterable[RunRecord]) -> Iterable[RunRecord]:
    """The records that describe what is paid now. Work that was done here may have failed in
    another clone of a shared ledger and been refunded. It is then paid again, does not run again,
    and counts as done at its new epoch."""
    for run in runs:
        epoch = book.epoch(run.task_hash, RUN_CHARGE)
        if run.refund_epoch == epoch:
            yield run
        elif (
            run.completed
            and run.refund_epoch < epoch
            and book.paid(run.task_hash, RUN_CHARGE) is not None
        ):
            yield replace(run, refund_epoch=epoch)


def _fact(book: Book, task_hash: str) -> Fact | None:
    return book.fact(task_hash, book.epoch(task_hash, RUN_CHARGE))


def _gives_back(book: Book, run: RunRecord, reasons: Reasons) -> bool:
    """Whether a record refunds its charge. A failure does when its reason is refundable; a skipped
    step does unless it is HELD. Work that is done never does."""
    fact = book.fact(run.task_hash, run.refund_epoch)
    if fact is Fact.DONE or run.completed:
        return False
    if run.status is Status.NEEDS_DECISION:
        return False
    return reasons.refundable(run.reason) if run.status is Status.FAILED else fact is None


def _facts(
    book: Book, order: OrderId, runs: Iterable[RunRecord], reasons: Reasons
) -> tuple[Post, ...]:
    """One post with what these records add to the book, only about paid work; none without news."""
    done, held = {}, {}
    for run in runs:
        known, paid = (
            book.fact(run.task_hash, run.refund_epoch),
            book.paid(run.task_hash, RUN_CHARGE) is not None,
        )
        if run.completed and paid and known is not Fact.DONE:
            done[run.task_hash] = run.refund_epoch
        elif (
            run.status is Status.FAILED
            and paid
            and known is None
            and not reasons.refundable(run.reason)
        ):
            held[run.task_hash] = run.refund_epoch
    if not done and not held:
        return ()
    return (
        Post(
            keys.completion(order, done, held),
            "completion",
            order.tenant_id,
            PostType.SPEND,
            0,
            order.work_order_id,
            metadata={"done": done, "held": held},
        ),
    )


def _who_cancelled(runs: Iterable[RunRecord]) -> str:
    """The words of the person who had a step stopped; empty if nobody had."""
    return next((run.message for run in runs
                 if run.status is Status.FAILED and run.reason == CANCELLED), "")


def _refund(
    book: Book, order: OrderId, reasons: Mapping[str, str], words: str = ""
) -> tuple[Post, ...]:
    """The REFUND of everything paid for these tasks; `reasons` by task hash. It includes items of
    zero credits, so that all epochs change together. The transaction has the reason of the first
    failure; each item's note has its own."""
    items = [refund_item(item, reasons[item.task_hash]) for item in book.open_items(order)
             if item.task_hash in reasons]
    if not items:
        return ()
    notes = [item.note for item in items]
    failed = [reason for reason in notes if reason != "skipped_upstream"]
    return (refund_post(order, items, (failed or notes)[0], words),)
