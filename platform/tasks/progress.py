"""The progress line of a run on a terminal: steps done, the ones that run now, time."""
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from platform.tasks.reporter import Plain

_COLOURS = {"completed": "green", "COMPLETED": "bold green", "failed": "red", "NOT": "bold red", "ERROR": "bold red",
            "refused": "yellow", "skipped": "yellow", "charged": "cyan", "top-up": "cyan", "promotion": "cyan"}


class Live(Plain):
    """Lines scroll above, the progress line stays below."""

    def __init__(self, outstream: Any) -> None:
        super().__init__(outstream)
        self._console = Console(file=outstream, highlight=False, soft_wrap=True)
        self._progress = Progress(
            BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("steps  {task.description}"), TimeElapsedColumn(),
            console=self._console, transient=True)
        self._running: dict[str, None] = {}

    def begin(self, steps: int) -> None:
        self._bar = self._progress.add_task("", total=steps)
        self._progress.start()

    def running(self, name: str) -> None:
        self._running[name] = None
        self._show()

    def done(self, name: str) -> None:
        self._running.pop(name, None)
        self._progress.advance(self._bar)
        self._show()

    def end(self) -> None:
        self._progress.stop()

    def write(self, text: str) -> None:
        for line in text.splitlines():
            self._console.print(line, style=_COLOURS.get(line.split(" ", 1)[0]), markup=False)

    def _show(self) -> None:
        first, *others = [*self._running] or [""]
        more = f" and {len(others)} more" if others else ""
        self._progress.update(self._bar, description=first.removeprefix("step:") + more)
