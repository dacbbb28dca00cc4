"""`log TASK`: print the output of a step's current or last run, and how that run ended.
Read-only."""
import argparse
import sys
from pathlib import Path

from platform.app.run import Run
from platform.app.running import running_s
from platform.app.unknown_task import parse_step
from platform.check.words import suggestion
from platform.commands.common import add_places, open_run
from platform.confined import read_file
from platform.errors import StorageError, UsageError
from platform.model.characters import one_line, printable
from platform.model.ids import STEP, TENANT, WORK_ORDER, StepId, matches
from platform.model.run import RunRecord
from platform.run.records import LOG, fresh_dir, step_dir

_LARGEST = 1 << 30  # bytes; the limit for a step's output is far below


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("task", metavar="TASK",
                        help="a step, as `doit list --all` shows it: step:TENANT/ORDER/STEP")


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0, even if the step has no log yet. UsageError if the step does not exist."""
    step_id = step_named(arguments.task)
    run = open_run(arguments, frozenset({step_id.order}))
    seconds = running_s(run.workspace.runtime_dir, step_id)
    record = run.records.newest(step_id)
    folder = step_dir if seconds is None else fresh_dir
    file = folder(run.workspace.runtime_dir, step_id) / LOG
    if record is None and not file.is_file():
        _check_known(run, step_id)
    log = _text(file)
    if sys.stdout.isatty():
        log = printable(log)
    if log and not log.endswith("\n"):
        log += "\n"
    shown = run.workspace.shown(file)
    last = ending(step_id, record, empty=not log, file=shown) if seconds is None else (
        f"RUNNING {step_id}  {seconds:.2f} s so far  "
        + (f"the log is {shown}" if log else "it has printed nothing yet"))
    sys.stdout.write(f"{log}{last}\n")
    return 0


def step_named(task: str) -> StepId:
    """The step that a task name means; `step:` is optional. UsageError for any other name."""
    step_id = parse_step(task)
    if not all(map(matches, (TENANT, WORK_ORDER, STEP), step_id)):
        raise UsageError(f"{one_line(task)!r} has an invalid id; see `doit list --all`")
    return step_id


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


def _check_known(run: Run, step_id: StepId) -> None:
    order = run.snapshot.repo.orders.get(step_id.order)
    names = [step.step_id for step in order.steps] if order else []
    if step_id.step_id not in names:
        hint = "see `doit list --all`"
        raise UsageError(f"step {step_id} does not exist; "
                         f"{suggestion(step_id.step_id, names, hint) if order else hint}")
