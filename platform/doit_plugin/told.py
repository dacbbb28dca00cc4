"""An up-to-date check that can say why it said no: `doit info` prints the check itself, and so its words."""
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from platform.errors import PlatformError


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """`question(*args)` is whether the task is up to date; `task` is the name by which `why` knows it."""

    question: Callable[..., bool]
    args: tuple[Any, ...]
    task: str

    def __call__(self) -> bool:
        return self.question(*self.args)

    def __repr__(self) -> str:
        """What `why` says of the task, indented below doit's own line."""
        from platform.app import session
        from platform.app.whys import why_task
        from platform.report.why_views import as_text

        try:
            text = as_text(why_task(session.current(), self.task))
        except (PlatformError, RuntimeError) as error:  # asked where nothing runs, by a debugger say
            text = f"{self.task}: {error}"
        return "\n      ".join(text.splitlines()) + "\n     "
