"""What a task tells doit: values when it succeeded, and a failure that knows its exit status."""
import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doit.exceptions import TaskFailed

from platform.app.run import Run
from platform.errors import PlatformError
from platform.owned import adding, owned

_WORDS = 500  # characters of an exception that stand in a line
DEFECTS = "internal-errors.log"  # in the runtime folder


def told(error: Exception, runtime_dir: Path) -> str:
    """One line about a defect of ours, whose traceback is added to a file when the disk lets it."""
    file = runtime_dir / DEFECTS
    words = " ".join(f"{type(error).__name__}: {error}".split())[:_WORDS]
    try:
        with owned(runtime_dir) as folder, \
                open(adding(folder, DEFECTS), "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write("".join(traceback.format_exception(error)))
    except OSError as refused:
        return f"internal error: {words}; its traceback cannot be written ({refused.strerror}); run again"
    return f"internal error: {words}; the traceback is in {file}; report it, then run again"


class Refused(TaskFailed):  # type: ignore[misc]  # doit has no types
    """A task that failed for a reason of ours: one or more lines for a person, and what doit should exit with."""

    def __init__(self, message: str, exit_status: int, refunded_credits: int = 0) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.refunded_credits = refunded_credits


def task_action(action: Callable[..., Any]) -> Callable[..., Any]:
    """An action whose PlatformErrors become failures with one line and their exit status, not tracebacks. Whatever else
    it raises is a defect of ours: one line too, with the traceback in a file, and the other tasks go on. No other
    thread exchanges the ledger meanwhile."""

    def steadily(run: Run, *args: Any) -> Any:
        with run.billing.steady:
            return action(run, *args)

    return long_action(functools.wraps(action)(steadily))


def long_action(action: Callable[..., Any]) -> Callable[..., Any]:
    """As `task_action`, for one that takes its time: it says by itself when the ledger must be steady."""

    @functools.wraps(action)
    def act(run: Run, *args: Any) -> Any:
        try:
            result = action(run, *args)
        except PlatformError as error:
            result = Refused(str(error), error.exit_status)
        except Exception as error:  # noqa: BLE001  nothing that is charged may depend on our code having no defect
            result = Refused(told(error, run.workspace.runtime_dir), PlatformError.exit_status)
        if isinstance(result, Refused):
            run.statuses.append(result.exit_status)
        return result

    return act
