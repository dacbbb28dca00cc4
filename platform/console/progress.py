"""The progress line of a run on a terminal: finished and due steps, the steps that run now,
credits, time left.

The due steps are first estimated from their records, which a run reads anyway. A step that turns
out to be up to date leaves the count, and a step that runs unexpectedly joins it.
"""
import time
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live as RichLive
from rich.text import Text

from platform.app.isolation import closure
from platform.app.run import Run
from platform.console.lines import Counts
from platform.console.meter import Meter, line
from platform.console.plain import Plain
from platform.model.task_name import TaskKind, TaskName, kind_of

_COLOURS = {
    "completed": "green",
    "COMPLETED": "bold green",
    "failed": "red",
    "NOT": "bold red",
    "ERROR": "bold red",
    "refused": "yellow",
    "skipped": "yellow",
    "charged": "cyan",
    "top-up": "cyan",
    "promotion": "cyan",
}


class Live(Plain):
    """Output lines scroll above the progress line."""

    def __init__(self, run: Run, outstream: Any) -> None:
        super().__init__(outstream)
        self._run = run
        self._console = Console(file=outstream, highlight=False, soft_wrap=True)
        self._live = RichLive(self, console=self._console, transient=True)
        self._due: set[str] = set()
        self._running: dict[str, None] = {}
        self._done = 0
        self._counts = Counts()
        self._started: float | None = None

    def begin(self, tasks: Mapping[str, Any], selected: Iterable[str]) -> None:
        steps = (name for name in closure(tasks, selected) if kind_of(name) is TaskKind.STEP)
        self._due = {name for name in steps if _looks_due(self._run, name)}
        self._live.start()

    def running(self, name: str) -> None:
        self._started = self._started or time.monotonic()
        self._due.add(name)
        self._running[name] = None

    def done(self, name: str) -> None:
        self._running.pop(name, None)
        self._due.add(name)
        self._done += 1

    def not_due(self, name: str) -> None:
        self._running.pop(name, None)
        self._due.discard(name)

    def moved(self, counts: Counts) -> None:
        self._counts = counts

    def end(self) -> None:
        self._live.stop()

    def write(self, text: str) -> None:
        for row in text.splitlines():
            self._console.print(row, style=_COLOURS.get(row.split(" ", 1)[0]), markup=False)

    def meter(self) -> Meter:
        """The current numbers."""
        elapsed_s = 0.0 if self._started is None else time.monotonic() - self._started
        running = tuple(str(TaskName.parse(name).step) for name in list(self._running))
        return Meter(
            len(self._due),
            self._done,
            running,
            self._counts.spent_credits,
            self._counts.refunded_credits,
            elapsed_s,
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Nothing while no step is due: a run with nothing to do draws no line."""
        if self._due:
            yield Text(
                line(self.meter(), options.max_width - 1),
                no_wrap=True,
                overflow="crop",
                style="bold",
            )


def _looks_due(run: Run, name: str) -> bool:
    """Whether the step has no record of completed work for this plan. A step of a refused order
    never runs."""
    try:
        planned = run.snapshot.step(TaskName.parse(name).step)
    except KeyError:
        return False
    record = run.records.of_step(planned)
    return record is None or not record.completed
