"""An up-to-date check that can explain its answer: `doit info` prints the check itself, and with
it the explanation."""
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from platform.app.run import Run
from platform.errors import PlatformError


@dataclass(frozen=True, slots=True, repr=False)
class Explained:
    """`question(run, subject)` is whether the task is up to date; `task` is the name by which
    `why` knows it."""

    question: Callable[..., bool]
    run: Run
    subject: Any  # an order's or a step's id
    task: str

    def __call__(self) -> bool:
        return self.question(self.run, self.subject)

    def __repr__(self) -> str:
        """The output of `why` for the task, indented below doit's own line."""
        from platform.app.why import why_task
        from platform.report.why_views import as_text

        try:
            text = as_text(why_task(self.run, self.task))
        except PlatformError as error:  # for example a task of a refused order
            text = f"{self.task}: {error}"
        return "\n      ".join(text.splitlines()) + "\n     "
