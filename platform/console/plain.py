"""The output of a run without a progress line: files, pipes, CI."""
from collections.abc import Iterable, Mapping
from typing import Any

from platform.console.lines import Counts


class Plain:
    """Writes lines and shows no progress."""

    def __init__(self, outstream: Any) -> None:
        self._out = outstream

    def begin(self, tasks: Mapping[str, Any], selected: Iterable[str]) -> None: ...

    def running(self, name: str) -> None: ...

    def done(self, name: str) -> None:
        """A step has run."""

    def not_due(self, name: str) -> None:
        """A step is up to date, or may not run."""

    def moved(self, counts: Counts) -> None: ...

    def end(self) -> None: ...

    def write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
