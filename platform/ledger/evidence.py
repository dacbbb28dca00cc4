"""Evidence of deliveries: what one that completed posts. Pure."""
from collections.abc import Iterable

from platform.ledger import keys
from platform.model.entry import Item, Post, PostType
from platform.model.ids import DELIVERY_EVIDENCE, OrderId
from platform.model.order import Kind
from platform.model.run import RunRecord


def evidence(order: OrderId, runs: Iterable[RunRecord]) -> Iterable[Post]:
    """A zero-credit post for each completed delivery, with its whole receipt."""
    for run in runs:
        if run.kind == Kind.DELIVERY and run.completed and run.evidence:
            key = keys.evidence(run.task_hash, run.refund_epoch, str(run.evidence.get("sha256", "")))
            item = Item(key, run.module_id, run.step_id, DELIVERY_EVIDENCE, PostType.SPEND, 0, run.task_hash,
                        run.refund_epoch, note=run.reason,
                        metadata={"evidence": dict(run.evidence), "run_id": run.run_id})
            yield Post(key, "evidence", order.tenant_id, PostType.SPEND, 0, order.work_order_id, note="delivered",
                       items=(item,))
