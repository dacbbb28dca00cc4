"""Evidence of deliveries: what one that completed posts. Pure."""
import re
from collections.abc import Iterable, Mapping
from typing import Any

from platform.ledger.rules import keys
from platform.model.entry import Item, Post, PostType
from platform.model.ids import DELIVERY_EVIDENCE, OrderId
from platform.model.order import Kind
from platform.model.run import RunRecord

_SHA256 = re.compile("[0-9a-f]{64}")

def evidence(order: OrderId, runs: Iterable[RunRecord]) -> Iterable[Post]:
    """A zero-credit post for each completed delivery, with its whole receipt."""
    for run in runs:
        if run.kind == Kind.DELIVERY and run.completed and run.evidence:
            key = keys.evidence(run.task_hash, run.refund_epoch, _package(run.evidence))
            item = Item(
                key,
                run.module_id,
                run.step_id,
                DELIVERY_EVIDENCE,
                PostType.SPEND,
                0,
                run.task_hash,
                run.refund_epoch,
                note=run.reason,
                metadata={"evidence": dict(run.evidence), "run_id": run.run_id},
            )
            yield Post(
                key,
                "evidence",
                order.tenant_id,
                PostType.SPEND,
                0,
                order.work_order_id,
                note="delivered",
                items=(item,),
            )


def _package(receipt: Mapping[str, Any]) -> str:
    """The SHA-256 that a receipt contains; empty for any other value, because a module wrote it and
    a key is part of a line."""
    sha256 = receipt.get("sha256")
    return sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else ""
