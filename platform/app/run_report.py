"""Collects what the report of one run shows: its history, the receipts of its deliveries, and the
present titles of its orders."""
from platform.app.past_runs import PastRuns, viewed
from platform.app.run import Run
from platform.confined import Refused, inside, kind_at
from platform.model.characters import printable
from platform.model.history import PastRun
from platform.model.order import Kind
from platform.model.run import RunRecord
from platform.owned import placed
from platform.report.evidence import DeliveryEvidence, shown_evidence
from platform.report.run_report import DeliveryView, RunReport
from platform.run.records import from_bytes

_LAST_LINES, _LAST_CHARS = 20, 4000  # of the log of what failed first


def run_report(run: Run, past: PastRuns, found: PastRun) -> RunReport:
    """The report of a past run. `run` reads the titles; the history has everything else."""
    view = viewed(run.workspace, past, found)
    day, first = found.invocation.day, view.first_failure
    orders = {each.order for each in (task.attempt for task in view.tasks) if each.order}
    titles = {
        order_id: str(run.snapshot.repo.orders[order_id].metadata.get("title", ""))
        for order_id in orders & run.snapshot.repo.orders.keys()
    }
    records = (from_bytes(past.history.blob(day, task.attempt.record) or b"")
               for task in view.tasks if task.attempt.record)
    return RunReport(
        view,
        titles,
        tuple(_delivery(run, record) for record in records if record and _delivered(record)),
        _last_words(past.history.blob(day, first.log) or b"" if first and first.log else b""),
    )


def _delivered(record: RunRecord) -> bool:
    return record.kind == Kind.DELIVERY and record.completed and bool(record.evidence)


def _delivery(run: Run, record: RunRecord) -> DeliveryView:
    evidence = record.evidence
    shown = shown_evidence(evidence)
    return DeliveryView(
        step=str(record.id),
        at=str(evidence.get("delivered_at", "")),
        link=link_of(run, shown),
        evidence=shown,
    )


def link_of(run: Run, evidence: DeliveryEvidence) -> str:
    """A URL that a browser can open: the provider's own, or of a file in the profile's directory.
    A receipt is written by a module, so nothing else becomes a link."""
    if evidence.remote.startswith("https://"):
        return evidence.remote
    root_dir = run.workspace.profile.delivery.get("folder", {}).get("root_dir")
    if evidence.provider != "folder" or not root_dir:
        return ""
    try:
        file = inside(placed(run.workspace.root, str(root_dir)), evidence.remote)
    except Refused:
        return ""
    return file.as_uri() if kind_at(file) == "file" else ""


def _last_words(log: bytes) -> str:
    text = log[-_LAST_CHARS:].decode(errors="replace")
    return printable("\n".join(text.splitlines()[-_LAST_LINES:]))
