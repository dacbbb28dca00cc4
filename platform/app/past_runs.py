"""The history of a workspace, as commands ask for it: which invocations there were, and which one a
person means."""
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from platform.check.words import suggestion
from platform.errors import UsageError
from platform.history.reader import History
from platform.model.characters import one_line
from platform.model.history import (
    Attempt,
    Invocation,
    RunState,
    failed_steps,
    named_by,
    state_of,
)
from platform.model.ids import StepId
from platform.run.claimant import is_dead

LAST = "last"
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class PastRun:
    """One invocation and its state now."""

    invocation: Invocation
    state: RunState

    @property
    def failed(self) -> bool:
        """Whether it did not complete all that it was asked for."""
        return self.state in (RunState.FAILED, RunState.INTERRUPTED)


class PastRuns:
    """The invocations of a runtime directory. StorageError, or Displaced for a link, if the history
    cannot be read."""

    def __init__(self, runtime_dir: Path) -> None:
        self.history = History(runtime_dir)

    def since(self, since: str = "") -> Iterator[PastRun]:
        """The invocations that began at `since` (UTC, ISO 8601, with milliseconds) or later, newest
        first. Reads one file for each day, as far as the caller iterates."""
        return map(self._now, self.history.invocations(since))

    def named(self, text: str) -> PastRun:
        """The invocation with this id, or with the only id that begins so; `last` is the newest.

        UsageError if there is no such invocation, or more than one."""
        every = list(self.history.invocations())
        if text == LAST and every:
            return self._now(every[0])
        found = named_by(text, every) if text else []
        if len(found) == 1:
            return self._now(found[0])
        if not every:
            raise UsageError("no run is in the history; `doit run` adds one")
        shown, ids = one_line(text), [each.id for each in every]
        if found:
            some = ", ".join(each.id for each in found[:_MOST_NAMES])
            raise UsageError(
                f"{shown!r} begins the ids of {len(found)} runs ({some}); add a character"
            )
        raise UsageError(f"no run is called {shown!r}; {suggestion(text, ids, 'see `runs`')}")

    def attempts(self, run: PastRun) -> tuple[Attempt, ...]:
        """The tasks of an invocation, in the order in which they began. A step that was running
        when its invocation ended was interrupted."""
        attempts = self.history.attempts(run.invocation)
        if run.state is RunState.RUNNING:
            return attempts
        return tuple(
            replace(each, state=RunState.INTERRUPTED) if each.state == RunState.RUNNING else each
            for each in attempts
        )

    def failed_steps(self, run: PastRun) -> tuple[StepId, ...]:
        """The steps of an invocation that failed, wait for a decision, or were interrupted."""
        return failed_steps(self.attempts(run))

    def _now(self, invocation: Invocation) -> PastRun:
        alive = (
            not invocation.ended
            and self.history.is_locked(invocation)
            and not is_dead(invocation.process)
        )
        return PastRun(invocation, state_of(invocation, alive=alive))
