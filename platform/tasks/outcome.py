"""What a task tells doit: values when it succeeded, and a failure that knows its exit status."""
import functools
from collections.abc import Callable
from typing import Any

from doit.exceptions import TaskFailed

from platform.errors import PlatformError
from platform.tasks import session


class Refused(TaskFailed):  # type: ignore[misc]  # doit has no types
    """A task that failed for a reason of ours: one or more lines for a person, and what doit should exit with."""

    def __init__(self, message: str, exit_status: int, refunded_credits: int = 0) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.refunded_credits = refunded_credits


def task_action(action: Callable[..., Any]) -> Callable[..., Any]:
    """An action whose PlatformErrors become failures with one line and their exit status, not tracebacks."""

    @functools.wraps(action)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            result = action(*args, **kwargs)
        except PlatformError as error:
            result = Refused(str(error), error.exit_status)
        if isinstance(result, Refused):
            session.current().exit_statuses.append(result.exit_status)
        return result

    return run
