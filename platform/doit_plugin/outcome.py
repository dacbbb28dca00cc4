"""The result of a task for doit: values when it succeeded, and a failure with an exit status."""
import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.exceptions import TaskFailed

from platform.app.run import Run
from platform.app.steps import LATER
from platform.errors import PlatformError
from platform.model.ids import StepId
from platform.model.task_name import TaskKind
from platform.owned import adding, owned

_WORDS = 500  # characters of an exception that fit in a line
DEFECTS = "internal-errors.log"  # in the runtime directory


def defect_line(error: Exception, runtime_dir: Path) -> str:
    """One line about a defect of PLATFORM. Its traceback is appended to a file if the disk
    allows it."""
    file = runtime_dir / DEFECTS
    words = " ".join(f"{type(error).__name__}: {error}".split())[:_WORDS]
    try:
        with (
            owned(runtime_dir) as folder,
            open(adding(folder, DEFECTS), "a", encoding="utf-8", errors="backslashreplace") as log,
        ):
            log.write("".join(traceback.format_exception(error)))
    except OSError as refused:
        return (
            f"internal error: {words}; its traceback cannot be written ({refused.strerror}); run "
            "again"
        )
    return f"internal error: {words}; the traceback is in {file}; report it, then run again"


class TaskRefused(TaskFailed):  # type: ignore[misc]  # doit has no types
    """A task that failed for a reason that PLATFORM knows: lines for a person, and the exit
    status of the run."""

    def __init__(self, message: str, exit_status: int, refunded_credits: int = 0) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.refunded_credits = refunded_credits


def task_action(action: Callable[..., Any]) -> Callable[..., Any]:
    """An action whose errors become failures with one line and an exit status. A PlatformError
    keeps its status. Any other exception is a defect: its traceback goes to a file, and the
    other tasks continue. No other thread exchanges the ledger during the action."""

    def steadily(run: Run, *args: Any) -> Any:
        with run.billing.steady:
            return action(run, *args)

    return long_action(functools.wraps(action)(steadily))


def long_action(action: Callable[..., Any]) -> Callable[..., Any]:
    """As `task_action`, for an action that takes long: it holds `billing.steady` itself, where
    it needs to."""

    @functools.wraps(action)
    def act(run: Run, *args: Any) -> Any:
        try:
            result = action(run, *args)
        except PlatformError as error:
            result = TaskRefused(str(error), error.exit_status)
        except Exception as error:  # noqa: BLE001  a charge must not depend on code without defects
            result = TaskRefused(
                defect_line(error, run.workspace.runtime_dir), PlatformError.exit_status
            )
        if isinstance(result, TaskRefused):
            run.statuses.append(result.exit_status)
        _remember(run, action.__name__, args, result)
        return result

    return act


# The kinds of the tasks whose actions have another name.
_TELLING, _WRITING = ("workorder", "publish"), ("maintain",)
_KINDS = {
    "settle_steps": TaskKind.SETTLE,
    "settle_rest": TaskKind.SETTLE,
    "maintain": "maintenance",
    "refused": TaskKind.WORKORDER,
}


def _remember(run: Run, action: str, args: tuple[Any, ...], result: Any) -> None:
    """Tell the run's history how a task ended. A task that succeeded and changed nothing is left
    out."""
    subject = args[0] if args else ""
    values = result if isinstance(result, dict) else {}
    failed = isinstance(result, TaskRefused)
    if values == LATER:  # the run comes back to it
        return
    if isinstance(subject, StepId) and action == TaskKind.STEP:
        record = run.ended_here.get(subject)
        # without a record and an error of its own, the step was stopped with the run
        stopped = failed and record is None and result.exit_status == PlatformError.exit_status
        state = "INTERRUPTED" if stopped else "FAILED" if failed else values["state"]
        if state != "CURRENT":
            message = result.message if failed else values.get("message", "")
            run.history.tasks.step_ended(
                subject, state, values.get("reason", ""), message, record
            )
        return
    refusal = values.get("refusal", "")
    message = result.message if failed else values.get("words", "") or values.get("lines", "")
    charged = values.get("spent_credits", 0)
    refunded = result.refunded_credits if failed else values.get("refunded_credits", 0)
    told = action in _TELLING or (action in _WRITING and message)
    if failed or refusal or charged or refunded or told:
        kind = _KINDS.get(action, action)
        state = "FAILED" if failed else "REFUSED" if refusal else "COMPLETED"
        run.history.tasks.task_ended(
            f"{kind}:{subject}" if subject else kind, state, message, charged, refunded
        )
