"""`log`: print the output of a step's current or last run, or of a past one, and how that run
ended. Read-only."""
import argparse
import os
import sys
from pathlib import Path

from platform.app.past_runs import LAST, PastRuns
from platform.app.run import Asked, Run
from platform.app.running import running_s
from platform.app.scope import ran_steps, require_step, scope_of
from platform.check.words import suggestion
from platform.commands.common import add_places, open_workspace
from platform.commands.follow import follow
from platform.confined import read_file
from platform.errors import StorageError, UsageError
from platform.model.characters import one_line, printable
from platform.model.history import Attempt, PastRun, RunState
from platform.model.ids import OrderId, StepId
from platform.model.named import ORDER_OR_STEP, Named
from platform.model.run import RunRecord
from platform.report.invocations import why
from platform.run.records import LOG, fresh_dir, from_bytes, read_record, step_dir

_LARGEST = 1 << 30  # bytes; the limit for a step's output is far below
_INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("task", metavar=ORDER_OR_STEP,
                        help="a step; for an order, list its steps and their logs")
    parser.add_argument("--run", default="", metavar="RUN", dest="past",
                        help=f"the log of a past run: an id of `runs`, its first characters, or "
                             f"`{LAST}`")
    parser.add_argument("-f", "--follow", action="store_true",
                        help="print what a running step adds to its log, until the step ends")


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, even if the step has no log yet; 130 if Ctrl-C ends `-f`. UsageError if the
    step or the run does not exist."""
    asked = _asked(arguments.task)
    workspace = open_workspace(arguments)
    # the history may have an order that exists nowhere else
    scope = (
        frozenset({asked.order})
        if arguments.past
        else scope_of(workspace, *asked.order, past=True)
    )
    run = Run.looking(workspace, Asked(scope))
    if not asked.step_id:
        return _print_order(run, asked.order)
    step_id = asked.step
    past = PastRuns(run.workspace.runtime_dir)
    found = past.named(arguments.past) if arguments.past else None
    attempt = _attempt(past, found, step_id) if found else None
    if found and attempt and attempt.state != RunState.RUNNING:
        _print_past(run, past, found, attempt)
        return 0
    followed = False
    if arguments.follow:
        try:
            followed = follow(run.workspace.runtime_dir, step_id, _write)
        except KeyboardInterrupt:
            # what is left in the buffer may be printed already
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _INTERRUPTED
    _print_last(run, step_id, shown=followed)
    return 0


def _write(text: str) -> None:
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _print_last(run: Run, step_id: StepId, *, shown: bool) -> None:
    """The log of the current or last run, unless it is already shown, and how that run ended."""
    runtime_dir = run.workspace.runtime_dir
    seconds = running_s(runtime_dir, step_id)
    record = read_record(runtime_dir, step_id)
    file = (step_dir if seconds is None else fresh_dir)(runtime_dir, step_id) / LOG
    if record is None and not file.is_file():
        require_step(run, Named(*step_id))
    log = _text(file)
    if not shown:
        _write(log)
    if log and not log.endswith("\n"):
        _write("\n")
    path = run.workspace.shown(file)
    last = ending(step_id, record, empty=not log, file=path) if seconds is None else (
        f"RUNNING {step_id}  {seconds:.2f} s so far  "
        + (f"the log is {path}" if log else "it has printed nothing yet"))
    sys.stdout.write(f"{last}\n")


def _print_past(run: Run, past: PastRuns, found: PastRun, attempt: Attempt) -> None:
    """The log of a step in a past run, and how it ended. StorageError if what was kept is
    damaged."""
    day, file = found.invocation.day, ""
    log, record = b"", None
    if attempt.log:
        log = _kept(past, day, attempt.log)
        file = run.workspace.shown(past.history.blob_path(day, attempt.log))
        _write(log.decode(errors="replace"))
        if not log.endswith(b"\n"):
            _write("\n")
    if attempt.record:
        record = from_bytes(_kept(past, day, attempt.record))
    last = (
        ending(attempt.step, record, empty=not log, file=file)
        if record and attempt.step
        else "  ".join(filter(None, (attempt.state, attempt.task, why(attempt),
                                     f"the log is {file}" if log else "it has no log")))
    )
    sys.stdout.write(f"{last}\nof run {found.invocation.id}, {found.invocation.began_at[:19]}Z\n")


def _kept(past: PastRuns, day: str, digest: str) -> bytes:
    data = past.history.blob(day, digest)
    if data is None:
        raise StorageError(f"{past.history.blob_path(day, digest)}: is missing or damaged; "
                           "only this log is lost")
    return data


def _attempt(past: PastRuns, found: PastRun, step_id: StepId) -> Attempt:
    """What the run did with the step. UsageError if it did not run it."""
    steps = {each.step: each for each in past.attempts(found) if each.step}
    if step_id in steps:
        return steps[step_id]
    other = past.newest_of(step_id)
    hint = (
        f"its newest run is {other.invocation.id}"
        if other
        else suggestion(str(step_id), map(str, steps), f"see `runs show {found.invocation.id}`")
    )
    raise UsageError(f"run {found.invocation.id} did not run step {step_id}; {hint}")


def _asked(task: str) -> Named:
    """The order or step that a text names. UsageError if it names neither."""
    try:
        asked = Named.parse(task)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not asked.work_order_id:
        raise UsageError(f"{asked}: a log is of a step; write TENANT/ORDER/STEP, or TENANT/ORDER "
                         "to list the steps of an order")
    return asked


def _print_order(run: Run, order_id: OrderId) -> int:
    """One line for each step of the order: how its last run ended, and where its log is."""
    runtime_dir = run.workspace.runtime_dir
    order = run.snapshot.repo.orders.get(order_id)
    steps = [StepId(*order_id, step.step_id) for step in order.steps] if order else ran_steps(
        runtime_dir, order_id)
    for step_id in steps:
        seconds = running_s(runtime_dir, step_id)
        file = (step_dir if seconds is None else fresh_dir)(runtime_dir, step_id) / LOG
        sys.stdout.write((
            ending(step_id, read_record(runtime_dir, step_id), empty=not _text(file),
                   file=run.workspace.shown(file))
            if seconds is None
            else f"RUNNING {step_id}  {seconds:.2f} s so far"
        ) + "\n")
    if not steps:
        sys.stdout.write(f"{order_id} has no steps that can be read; see `consistency-validate`\n")
    return 0


def ending(step_id: StepId, record: RunRecord | None, *, empty: bool, file: str) -> str:
    """The last line: how the run of this log ended, and where the log is."""
    if record is None:
        return (
            f"no log of {step_id}: it has not run yet"
            if empty
            else f"no record of {step_id}; the log is {file}"
        )
    how = [
        f"{record.status} {step_id}",
        one_line(": ".join(filter(None, (record.reason, record.message)))),
    ]
    if record.cached_from:
        how.append(f"taken from {record.cached_from}")
    elif record.attempts:
        how.append(
            f"{record.duration_s:.2f} s, attempt {record.attempts}, "
            f"{record.isolation.partition(':')[0]}"
        )
    how.append("it printed nothing" if empty else f"the log is {file}")
    return "  ".join(filter(None, how))


def _text(file: Path) -> str:
    try:
        return read_file(file, _LARGEST).decode(errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageError(f"{file}: cannot be read ({error.strerror}); repair it, or run the step "
                           "again") from error
