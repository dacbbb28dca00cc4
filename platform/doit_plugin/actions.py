"""What tasks do. Each takes its run, calls a use case, and gives doit plain values or a failure.

A failed step is an outcome, not an exception: its task succeeds and its record says FAILED. The
steps below it record SKIPPED. `workorder:` settles the order and is the task that fails.
"""
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from platform import trees
from platform.app import order_work, steps
from platform.app.cancelling import clear_requests
from platform.app.order_record import write_order
from platform.app.publishing import line
from platform.app.run import Run
from platform.app.snapshot import STATE_NEEDS
from platform.console.ci import with_annotations
from platform.doit_plugin.outcome import TaskRefused, long_action, task_action
from platform.errors import ConflictError, InputError
from platform.ledger.journal.payments import apply_payments
from platform.ledger.rules.refund import settle
from platform.maintain.changed import changed_modules
from platform.maintain.files import INDEX, content, file_of, read_derived, write
from platform.model.characters import printable
from platform.model.entry import PostType
from platform.model.ids import OrderId, StepId
from platform.model.order_outcome import OrderOutcome, outcome
from platform.model.plan import PlannedOrder
from platform.model.utc import utc_text
from platform.model.words import counted, in_credits
from platform.owned import Displaced, exists, owned
from platform.owned import storage_error as unremoved
from platform.publish.publish import CONFLICT

Values = dict[str, Any]  # what doit keeps of a task and shows its reporter: plain JSON
_EXIT_OF_REFUSAL = {"not_enough_credits": 12, "tenant_suspended": 17, "order_limit_exceeded": 17}


@task_action
def check(run: Run) -> Values | TaskRefused:
    """Print every problem except warnings about drafts; errors fail the task with 10."""
    run.problems_printed = True
    problems = run.snapshot.run_problems
    text = with_annotations(problems, run.workspace.root)
    if any(not problem.warning for problem in problems):
        return TaskRefused(text, 10)
    return {"lines": text}


@task_action
def refused(run: Run, order_id: OrderId) -> TaskRefused:
    """An invalid enabled order: print its problems, exit with 10, charge nothing."""
    problems = run.snapshot.plan.refused[order_id]
    if run.problems_printed:
        return TaskRefused(f"invalid input, {counted(len(problems), 'problem')} above", 10)
    text = with_annotations(problems, run.workspace.root)
    return TaskRefused(text or f"{order_id}: cannot be read; see `doit run check`", 10)


@task_action
def state(run: Run) -> Values | TaskRefused:
    """Hydrate or create the billing state, post confirmed payments that are missing, and refund
    unfinished work of deleted orders.

    A wrong payment row (10) or one that was edited after it was posted (11) does not stop the other
    rows. A payments file that cannot be read (10) stops the run.
    """
    wrong = run.snapshot.wrong_in(*STATE_NEEDS, run.workspace.options.runtime_profile)
    whole = dict.fromkeys(problem.place.file for problem in wrong if not problem.subject)
    lines = "" if run.problems_printed else with_annotations(wrong, run.workspace.root)
    if whole:  # what was paid is unknown
        return TaskRefused(
            lines or f"{' and '.join(whole)}: invalid, see above; nothing was posted", 10
        )
    run.statuses += [InputError.exit_status] * bool(wrong)
    shared = run.sharing.hydrate()
    run.make_ledger()
    done = apply_payments(run.billing.ledger, run.snapshot.payments)
    with run.at_work.if_free(run.orphans.orders()) as gone:  # not while another run finishes them
        for order_id in gone:
            run.records.forget(order_id)
        back = run.billing.ledger.post(partial(run.orphans.refunds, of=gone)) if gone else ()
    run.statuses += [ConflictError.exit_status] * len(done.conflicts)
    return {"credits": sum(post.amount_credits for post in done.posted), "posts": len(done.posted),
            "refunded_credits": sum(post.amount_credits for post in back),
            "lines": "\n".join(line for line in (lines, shared, *done.conflicts) if line)}


@task_action
def charge(run: Run, order_id: OrderId) -> Values:
    """Post one SPEND for everything unpaid, or one zero-credit row with the reason for the refusal.
    """
    charged = run.charges.charge(order_id)
    return asdict(charged) if charged else steps.LATER


@long_action
def step(run: Run, step_id: StepId) -> Values:
    """Run one step, or record why it did not run. Its order settles in any case."""
    return steps.take(run, run.snapshot.step(step_id))


@task_action
def workorder(run: Run, order_id: OrderId) -> Values | TaskRefused:
    """Settle the order: refund what was not delivered and write the order's record. Fails unless
    all is COMPLETED."""
    with order_work.settling(run, order_id) as begun:
        return _settled(run, order_id) if begun else steps.LATER


def _settled(run: Run, order_id: OrderId) -> Values | TaskRefused:
    order = run.snapshot.plan.orders[order_id]
    refusal = run.charges.refusal(order_id)
    refunded = _settle(run, order)
    held = {name: held.reason for name, held in run.holding.of(order).items() if not held.below}
    result = outcome(order, run.records.of_order(order), refusal, held)
    try:
        write_order(run.workspace.runtime_dir, order, result, utc_text(datetime.now(UTC)))
    except Displaced as error:
        return TaskRefused(
            f"{_in_words(order, result, refunded)}\n{error}", error.exit_status, refunded
        )
    if result.status == "COMPLETED":
        return {"status": result.status, "steps": len(order.steps), "refunded_credits": refunded}
    told = "; ".join(filter(None, [_in_words(order, result, refunded), run.charges.debt(order_id)]))
    return TaskRefused(told, _EXIT_OF_REFUSAL.get(refusal, 1), refunded)


@task_action
def settle_steps(run: Run, order_id: OrderId, names: list[str]) -> Values | TaskRefused:
    """The end of `doit run step:...`: the same settlement. Fails if a requested step did not
    complete."""
    with order_work.settling(run, order_id) as begun:
        return _settled_steps(run, order_id, names) if begun else steps.LATER


def _settled_steps(run: Run, order_id: OrderId, names: list[str]) -> Values | TaskRefused:
    order = run.snapshot.plan.orders[order_id]
    refusal = run.charges.refusal(order_id)
    refunded = _settle(run, order)
    runs = run.records.of_order(order)
    held = run.holding.of(order)
    open_steps = [
        name for name in names if name not in runs or not runs[name].completed or name in held
    ]
    if not open_steps:
        return {"refunded_credits": refunded}
    words = [
        f"{name} NEEDS_DECISION {held[name].reason}"
        if name in held
        else f"{name} {runs[name].status} {runs[name].reason}"
        if name in runs
        else f"{name} not run"
        for name in open_steps
    ]
    told = "; ".join(filter(None, [*words, run.charges.debt(order_id)]))
    return TaskRefused(
        f"{order_id} {refusal or 'did not complete'}: {told}",
        _EXIT_OF_REFUSAL.get(refusal, 1),
        refunded,
    )


@task_action
def publish(run: Run, order_id: OrderId) -> Values | TaskRefused:
    """Publish what the order bought and made. Fails when the release has other bytes under a
    name (11), or when a file no longer exists (1)."""
    publishing = run.publishing
    with order_work.publishing(run, order_id) as begun:
        if not begun:
            return steps.LATER
        published, missing = publishing.publish(publishing.due(order_id))
    lines = "\n".join(map(line, published))
    back = sum(lost.refunded_credits for lost in missing)
    if not missing:
        return {"published": len(published), "lines": lines}
    conflict = any(lost.reason == CONFLICT for lost in missing)
    return TaskRefused("\n".join([*filter(None, [lines]), *map(line, missing)]),
                       ConflictError.exit_status if conflict else 1, back)


def _settle(run: Run, order: PlannedOrder) -> int:
    """Post refunds and evidence; the refunded credits."""
    runs = run.records.of_order(order)
    posted = run.billing.ledger.post(
        lambda book: settle(book, order, runs, run.snapshot.repo.reasons)
    )
    run.left_to_settle.discard(order.id)
    clear_requests(run, order)
    return sum(post.amount_credits for post in posted if post.type is PostType.REFUND)


@task_action
def settle_rest(run: Run, order_id: OrderId) -> Values | TaskRefused:
    """Settle an order whose steps ran and whose own task did not, because one step could not be
    recorded. The other steps are refunded or proved now and not in the next run."""
    with order_work.settling(run, order_id) as begun:
        if not begun:  # another run works on it, and settles it
            return steps.LATER
        refunded = _settle(run, run.snapshot.plan.orders[order_id])
    return {"refunded_credits": refunded,
            "lines": f"refunded     {order_id}  {in_credits(refunded)}" if refunded else ""}


def _in_words(order: PlannedOrder, result: OrderOutcome, refunded: int) -> str:
    total = len(order.steps)
    held = result.held
    counts = [
        f"{count} {word}"
        for count, word in (
            (result.failed - held, "failed"),
            (held, "waits for a decision" if held == 1 else "wait for a decision"),
            (result.skipped, "skipped"),
            (result.pending, "not run"),
        )
        if count
    ]
    refund = f"; {in_credits(refunded)} refunded" if refunded else ""
    return (
        f"{order.id} {result.status} {result.reason}: {result.completed} of "
        f"{counted(total, 'step')} completed"
        + (f", {', '.join(counts)}" if counts else "")
        + refund
    )


@task_action
def maintain(run: Run, name: str) -> Values:
    """Write one derived file; InputError while anything that was read is wrong. Before it writes
    the index of modules, it warns about modules that changed and kept their version."""
    wrong = [problem for problem in run.snapshot.problems if not problem.warning]
    if wrong:
        raise InputError(wrong)
    path = run.workspace.root / file_of(name)
    warnings = list(changed_modules(run.facts, read_derived(path) or b"")) if name == INDEX else []
    written = (
        [f"written      {file_of(name)}"]
        if write(path, content(run.workspace.root, name, run.facts))
        else []
    )
    return {
        "lines": "\n".join(filter(None, [with_annotations(warnings, run.workspace.root), *written]))
    }


def clean_folder(folder: str, dryrun: bool) -> None:
    """`doit clean`: remove a step's directory, or a link in its place. Its charge remains.

    Raises:
        SystemExit: 15, when a link leads to the directory or it cannot be removed. For an
            exception, doit would print a traceback and continue.
    """
    path = Path(folder).absolute()
    try:
        with owned(path.parent) as above:
            if exists(above, path.name):
                sys.stdout.write(f"removing {folder}\n")
                if not dryrun:
                    trees.remove_at(path.name, above.handle)
    except FileNotFoundError:
        return
    except OSError as error:
        refused = unremoved(path, "be removed", error)
        sys.stderr.write(f"{printable(str(refused))}\n")
        raise SystemExit(refused.exit_status) from None
