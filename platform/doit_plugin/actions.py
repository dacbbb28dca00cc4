"""What tasks do. Each asks the session, lets a pure function decide, acts, and tells doit in plain values.

A failed step is an outcome, not an exception: its task succeeds and its record says FAILED; the steps below it record
SKIPPED; `workorder:` settles what happened and is the task that fails.
"""
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform import trees
from platform.app import session
from platform.app.gate import LedgerGate
from platform.app.order_record import write_order
from platform.app.publishing import line
from platform.console.ci import with_annotations
from platform.doit_plugin.outcome import Refused, long_action, task_action
from platform.errors import ConflictError, InputError, PlatformError, StorageError
from platform.ledger.journal.payments import apply_payments
from platform.ledger.rules.refund import settle
from platform.maintain.changed import changed_modules
from platform.maintain.files import INDEX, content, file_of, read, write
from platform.model.entry import PostType
from platform.model.held import Held
from platform.model.ids import RUN_CHARGE, OrderId, StepId
from platform.model.order import Kind
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.run import RunRecord, Status
from platform.model.utc import utc_text
from platform.model.words import counted, in_credits
from platform.plan.policy import Outcome, outcome
from platform.publish.publish import CONFLICT
from platform.run import ordered
from platform.run.current import current as reasons_to_run
from platform.run.permit import Open
from platform.run.step import fail_step, hold_step, run_step, skip_step

Values = dict[str, Any]  # what doit keeps of a task and shows its reporter: plain JSON
_EXIT_OF_REFUSAL = {"not_enough_credits": 12, "tenant_suspended": 17, "order_limit_exceeded": 17}


@task_action
def check() -> Values | Refused:
    """Print every problem except warnings about drafts; errors fail the task with 10."""
    now = session.current()
    now.problems_told = True
    problems = now.run_problems
    text = with_annotations(problems, now.root)
    if any(not problem.warning for problem in problems):
        return Refused(text, 10)
    return {"lines": text}


@task_action
def refused(order_id: OrderId) -> Refused:
    """An enabled order that is wrong: its problems, exit status 10, nothing charged."""
    now = session.current()
    problems = now.plan.refused[order_id]
    if now.problems_told:
        return Refused(f"invalid input, {counted(len(problems), 'problem')} above", 10)
    return Refused(with_annotations(problems, now.root) or f"{order_id}: cannot be read; see `doit run check`", 10)


@task_action
def state() -> Values | Refused:
    """Bring the billing state up to its release, or make it when there is none; apply confirmed payments that are not
    in it; give back what orders that are gone had paid for in vain. A payment that was edited after it was applied (11)
    or that is wrong (10) stops nobody; a file of payments that cannot be read (10) stops everybody."""
    now = session.current()
    wrong = now.wrong_in(*session.PAID_BY, now.options.runtime_profile)
    told = "" if now.problems_told else with_annotations(wrong, now.root)
    if any(not problem.subject for problem in wrong):  # not only rows of it: nobody knows what was paid
        return Refused(told or f"{' or '.join(session.PAID_BY)}: cannot be read, see above; nothing was posted", 10)
    now.exit_statuses += [InputError.exit_status] * bool(wrong)
    shared = now.sharing.hydrate()
    now.make_ledger()
    done = apply_payments(now.ledger, now.payments)
    back = now.ledger.post(now.charges.orphans)
    now.exit_statuses += [ConflictError.exit_status] * len(done.conflicts)
    return {"credits": sum(post.amount_credits for post in done.posted), "posts": len(done.posted),
            "refunded_credits": sum(post.amount_credits for post in back),
            "lines": "\n".join(line for line in (told, shared, *done.conflicts) if line)}


@task_action
def charge(order_id: OrderId) -> Values:
    """One SPEND for what is not yet paid, or one zero-credit row that says why not."""
    return asdict(session.current().charges.charge(order_id))


@long_action
def step(step_id: StepId) -> Values:
    """Run one step, or record why it was skipped or that we failed at it: its order is settled in any case."""
    now = session.current()
    planned = now.step(step_id)
    try:
        return _step(now, planned)
    except PlatformError:
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, the order settles
        record = _failed(now, planned, error)
        now.remember(record)
        return _shown(record)


def _failed(now: session.Session, planned: PlannedStep, error: Exception) -> RunRecord:
    """The record of a step at which the platform failed where the step itself could not record it."""
    with now.sharing.steady:
        epoch = now.ledger.book.epoch(planned.task_hash, RUN_CHARGE)
        known = now.ledger.book.fact(planned.task_hash, epoch) is not None
    return fail_step(now.context, planned, epoch, error, known=known)


def _step(now: session.Session, planned: PlannedStep) -> Values:
    """Its own record is asked first: doit's store is only a cache."""
    with now.sharing.steady:
        told = _without_running(now, planned)
        epoch = now.ledger.book.epoch(planned.task_hash, RUN_CHARGE) if told is None else 0
    if told is not None:
        return told
    gate = LedgerGate(now, planned, epoch) if planned.kind is Kind.DELIVERY else Open()
    record = run_step(now.context, planned, epoch, gate=gate)
    now.remember(record)
    return _shown(record)


def _without_running(now: session.Session, planned: PlannedStep) -> Values | None:
    """What becomes of a step that is done, not paid, waits, or is skipped; None when it is to be run."""
    if not now.always and not reasons_to_run(now.context, planned):
        return {"state": "CURRENT"}
    if not now.charges.may_run(planned.id.order):
        return {"state": "REFUSED"}
    if last := now.record(planned.id):
        ordered.keep(now.runtime_dir, last)  # a run may have been killed between its record and this
    order, epoch = now.plan.orders[planned.id.order], now.ledger.book.epoch(planned.task_hash, RUN_CHARGE)
    held = now.holding.own(planned)
    if held and not held.runs:
        return _waits(now, planned, epoch, held)
    if stopped_by := _stopped_by(now, planned):
        record = skip_step(now.context, planned, epoch, stopped_by)
        now.remember(record)
        return _shown(record)
    if planned.id.step_id in now.holding.unbought(order):
        return {"state": "REFUSED"}  # what it waited for is decided now; the next run buys it
    return None


def _waits(now: session.Session, planned: PlannedStep, epoch: int, held: Held) -> Values:
    """A step that waits for a decision is not run. What its record says of work that was done stays."""
    last = now.run(planned)
    if last is None:
        last = hold_step(now.context, planned, epoch, held.reason, held.words)
        now.remember(last)
    return {**_shown(last), "state": Status.NEEDS_DECISION.value, "reason": held.reason, "message": held.words}


def _stopped_by(now: session.Session, planned: PlannedStep) -> str:
    """The upstream step that stops this one, or nothing. In STRICT mode the step before it is upstream too."""
    runs = {name: now.run(now.step(StepId(*planned.id.order, name))) for name in planned.upstream}
    return next((name for name, record in runs.items() if record is None or not record.completed), "")


def _shown(record: RunRecord) -> Values:
    return {"state": record.status.value, "reason": record.reason, "message": record.message,
            "duration_s": record.duration_s, "cached_from": record.cached_from, "attempts": record.attempts,
            "note": str(record.evidence.get("note", ""))}


@task_action
def workorder(order_id: OrderId) -> Values | Refused:
    """Settle: refund what was not delivered, write the order's record, fail unless everything is COMPLETED."""
    now = session.current()
    order = now.plan.orders[order_id]
    refusal = now.charges.refusal(order_id)
    refunded = _settle(now, order)
    held = {name: held.reason for name, held in now.holding.of(order).items() if not held.below}
    result = outcome(order, now.runs(order), refusal, held)
    write_order(now.runtime_dir, order, result, utc_text(datetime.now(UTC)))
    if result.status == "COMPLETED":
        return {"status": result.status, "steps": len(order.steps), "refunded_credits": refunded}
    return Refused(_in_words(order, result, refunded), _EXIT_OF_REFUSAL.get(refusal, 1), refunded)


@task_action
def settle_steps(order_id: OrderId, names: list[str]) -> Values | Refused:
    """The end of `doit run step:...`: the same settlement, and a failure if an asked-for step did not complete."""
    now = session.current()
    order = now.plan.orders[order_id]
    refusal = now.charges.refusal(order_id)
    refunded = _settle(now, order)
    runs = now.runs(order)
    held = now.holding.of(order)
    open_steps = [name for name in names if name not in runs or not runs[name].completed or name in held]
    if not open_steps:
        return {"refunded_credits": refunded}
    words = [f"{name} NEEDS_DECISION {held[name].reason}" if name in held else
             f"{name} {runs[name].status} {runs[name].reason}" if name in runs else f"{name} not run"
             for name in open_steps]
    return Refused(f"{order_id} {refusal or 'did not complete'}: {'; '.join(words)}",
                   _EXIT_OF_REFUSAL.get(refusal, 1), refunded)


@task_action
def publish(order_id: OrderId) -> Values | Refused:
    """Publish what the order bought and made; fails when a name has other bytes (11) or something of it is gone."""
    publishing = session.current().publishing
    published, missing = publishing.publish(publishing.due(order_id))
    told = "\n".join(map(line, published))
    back = sum(lost.refunded_credits for lost in missing)
    if not missing:
        return {"published": len(published), "lines": told}
    conflict = any(lost.reason == CONFLICT for lost in missing)
    return Refused("\n".join([*filter(None, [told]), *map(line, missing)]),
                   ConflictError.exit_status if conflict else 1, back)


def _settle(now: session.Session, order: PlannedOrder) -> int:
    """Post refunds and evidence; the credits given back."""
    runs = now.runs(order)
    posted = now.ledger.post(lambda book: settle(book, order, runs, now.repo.reasons))
    now.left_to_settle.discard(order.id)
    return sum(post.amount_credits for post in posted if post.type is PostType.REFUND)


@task_action
def settle_rest(order_id: OrderId) -> Values | Refused:
    """Settle an order of which steps ran and whose own task did not run, because one of them was not recorded: what the
    others came to is known, and does not wait for the next run."""
    now = session.current()
    refunded = _settle(now, now.plan.orders[order_id])
    return {"refunded_credits": refunded,
            "lines": f"refunded     {order_id}  {in_credits(refunded)}" if refunded else ""}


def _in_words(order: PlannedOrder, result: Outcome, refunded: int) -> str:
    total = len(order.steps)
    counts = [f"{count} {word}" for count, word in ((result.failed, "failed"), (result.skipped, "skipped"),
                                                   (result.pending, "not run")) if count]
    refund = f"; {in_credits(refunded)} refunded" if refunded else ""
    return f"{order.id} {result.status} {result.reason}: {result.completed} of {counted(total, 'step')} completed" + (
        f", {', '.join(counts)}" if counts else "") + refund


@task_action
def maintain(name: str) -> Values:
    """One derived file, from what was read; refused while anything that was read is wrong. Before the index of modules
    is written, it tells which of them changed under the same version."""
    now = session.current()
    wrong = [problem for problem in now.problems if not problem.warning]
    if wrong:
        raise InputError(wrong)
    path = now.root / file_of(name)
    warnings = list(changed_modules(now.facts, read(path) or b"")) if name == INDEX else []
    written = [f"written      {file_of(name)}"] if write(path, content(now.root, name, now.facts)) else []
    return {"lines": "\n".join(filter(None, [with_annotations(warnings, now.root), *written]))}


def clean_folder(folder: str, dryrun: bool) -> None:
    """`doit clean`: a step's folder with everything in it. What was paid stays paid."""
    if Path(folder).is_dir():
        sys.stdout.write(f"removing {folder}\n")
        if not dryrun:
            try:
                trees.remove(Path(folder))
            except OSError as error:
                raise StorageError(f"{folder}: cannot be removed ({error.strerror}); mend it, run again") from error
