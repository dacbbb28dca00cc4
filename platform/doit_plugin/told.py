"""An up-to-date check that can say why it said no: `doit info` prints the check itself, and so its words."""
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from platform.app.run import Run
from platform.errors import PlatformError


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """`question(run, subject)` is whether the task is up to date; `task` is the name by which `why` knows it."""

    question: Callable[..., bool]
    run: Run
    subject: Any  # an order's or a step's id
    task: str

    def __call__(self) -> bool:
        return self.question(self.run, self.subject)

    def __repr__(self) -> str:
        """What `why` says of the task, indented below doit's own line."""
        from platform.app.whys import why_task
        from platform.report.why_views import as_text

        try:
            text = as_text(why_task(self.run, self.task))
        except PlatformError as error:  # a task of a refused order, say
            text = f"{self.task}: {error}"
        return "\n      ".join(text.splitlines()) + "\n     "
