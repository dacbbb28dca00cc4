"""Settlement: what an order's records give back, and the evidence of what was delivered. Pure; twice is once."""
from collections.abc import Mapping

from platform.ledger import keys
from platform.ledger.balance import Book
from platform.model.entry import Item, Post, PostType
from platform.model.ids import DELIVERY_EVIDENCE, RUN_CHARGE
from platform.model.order import Kind
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.reasons import Reasons
from platform.model.run import RunRecord, Status


def settle(book: Book, order: PlannedOrder, runs: Mapping[str, RunRecord], reasons: Reasons) -> tuple[Post, ...]:
    """One REFUND for all steps that failed for a refundable reason or were skipped, and a zero-credit row for each
    delivery that completed. `runs` are records by step id; one of another task hash or epoch says nothing here: a
    failure that was refunded must never refund the charge of its retry."""
    pairs = [(step, runs[step.id.step_id]) for step in order.steps if step.id.step_id in runs]
    fresh = [(step, run) for step, run in pairs if run.task_hash == step.task_hash
             and run.refund_epoch == book.epoch(step.task_hash, RUN_CHARGE)]
    back = [(step, run) for step, run in fresh if run.status is Status.SKIPPED
            or (run.status is Status.FAILED and reasons.refundable(run.reason))]
    items = tuple(item for step, run in back for item in _refunds(book, step, run.reason))
    posts = [_refund(order, items, [run.reason for _, run in back])] if items else []
    posts += [_evidence(order, step, run) for step, run in fresh
              if step.kind is Kind.DELIVERY and run.completed and run.evidence]
    return tuple(post for post in posts if not book.has(post.key))


def _refunds(book: Book, step: PlannedStep, reason: str) -> list[Item]:
    """All that was paid for the step at its current epoch, zero-credit items too: their epochs move together."""
    paid = {charge.deliverable_id: book.paid(step.task_hash, charge.deliverable_id) for charge in step.charges}
    return [Item(keys.item(PostType.REFUND, step.task_hash, name, book.epoch(step.task_hash, name)),
                 step.contract.module_id, step.id.step_id, name, PostType.REFUND, amount, step.task_hash,
                 book.epoch(step.task_hash, name), note=reason)
            for name, amount in paid.items() if amount is not None]


def _refund(order: PlannedOrder, items: tuple[Item, ...], reasons: list[str]) -> Post:
    """The transaction's reason is that of the first step that failed; each item's note has its own."""
    failed = [reason for reason in reasons if reason != "skipped_upstream"]
    return Post(keys.refund(items), "refund", order.id.tenant_id, PostType.REFUND,
                sum(item.amount_credits for item in items), order.id.work_order_id,
                reason_code=(failed or reasons)[0], note=f"{len({item.step_id for item in items})} steps", items=items)


def _evidence(order: PlannedOrder, step: PlannedStep, run: RunRecord) -> Post:
    key = keys.evidence(step.task_hash, run.refund_epoch)
    item = Item(key, step.contract.module_id, step.id.step_id, DELIVERY_EVIDENCE, PostType.SPEND, 0, step.task_hash,
                run.refund_epoch, note=run.reason, metadata={"evidence": dict(run.evidence), "run_id": run.run_id})
    return Post(key, "evidence", order.id.tenant_id, PostType.SPEND, 0, order.id.work_order_id, note="delivered",
                items=(item,))
