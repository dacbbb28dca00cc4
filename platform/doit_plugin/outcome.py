"""The result of a task for doit: values when it succeeded, and a failure with an exit status."""
import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.exceptions import TaskFailed

from platform.app.run import Run
from platform.errors import PlatformError
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
        return result

    return act
