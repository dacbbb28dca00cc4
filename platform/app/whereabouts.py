"""Finds where each package is, from the ledger's evidence, the plan and the run records."""
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from platform.app.run import Run
from platform.app.run_report import link_of
from platform.ledger.journal.record import Record
from platform.model.entry import Item
from platform.model.ids import DELIVERY_EVIDENCE, StepId
from platform.model.named import Named
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.run import Status
from platform.report.evidence import shown_evidence
from platform.report.whereabouts import DELIVERED, FAILED, HELD, Whereabouts, newest_first


def whereabouts(run: Run, asked: Named) -> tuple[Whereabouts, ...]:
    """The packages of a tenant, an order or a step, the newest first; of all, if nothing is named.
    Those of deleted orders are included. Read-only."""
    found = [*_delivered(run), *_not_delivered(run)]
    return newest_first(each for each in found if asked.covers(each.step))


def _delivered(run: Run) -> Iterator[Whereabouts]:
    if not run.billing.exists:
        return
    for record in run.billing.history.of_kinds(("evidence",)):
        for item in record.post.items:
            if item.deliverable_id == DELIVERY_EVIDENCE:
                yield _from_evidence(run, record, item)


def _from_evidence(run: Run, record: Record, item: Item) -> Whereabouts:
    evidence = item.metadata.get("evidence", {})
    step_id = StepId(record.post.tenant_id, record.post.work_order_id, item.step_id)
    shown = shown_evidence(evidence)
    link, recipient = link_of(run, shown), _recipient(run, step_id, item.task_hash)
    return Whereabouts(
        *step_id,
        DELIVERED,
        at=str(evidence.get("delivered_at") or record.ts),
        provider=shown.provider,
        where=_file(run, link) or recipient or shown.remote,
        link=link,
        recipient=recipient,
        bytes=shown.bytes,
        sha256=shown.sha256,
        verification_status=shown.verification_status,
        recorded=shown.recorded,
    )


def _not_delivered(run: Run) -> Iterator[Whereabouts]:
    """Deliveries of the plan that wait or whose last run failed."""
    for order in run.snapshot.plan.orders.values():
        for step in order.steps:
            last = run.records.of_step(step) if step.kind is Kind.DELIVERY else None
            held = run.holding.own(step) if last and run.billing.exists else None
            if last is None or (last.completed and not held) or last.status is Status.SKIPPED:
                continue
            waits = held is not None or last.status is Status.NEEDS_DECISION
            yield Whereabouts(
                *step.id,
                HELD if waits or last.reason == "unverified" else FAILED,
                at=last.finished_at,
                provider=step.contract.module_id,
                where=_literal(step),
                recipient=_literal(step),
                reason=held.reason if held else last.reason,
                message=held.words if held else last.message,
            )


def _recipient(run: Run, step_id: StepId, task_hash: str) -> str:
    """The recipient of the delivery, if the plan still has it and the order states it literally."""
    step = run.snapshot.planned(step_id)
    return _literal(step) if step and step.task_hash == task_hash else ""


def _literal(step: PlannedStep) -> str:
    value = step.params.get("recipient_email", "")
    return value if isinstance(value, str) else ""


def _file(run: Run, link: str) -> str:
    """The path of a link to a file on this machine; for another link, the link."""
    if not link.startswith("file://"):
        return link
    return run.workspace.shown(Path(unquote(urlsplit(link).path)))
