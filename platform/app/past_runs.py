"""The history of a workspace, as commands ask for it: which invocations there were, and which one a
person means."""
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from platform.app.workspace import Workspace
from platform.check.words import suggestion
from platform.errors import UsageError
from platform.history.reader import History
from platform.model.characters import one_line
from platform.model.history import (
    Attempt,
    Invocation,
    PastRun,
    RunState,
    failed_steps,
    named_by,
    state_of,
    tallies,
)
from platform.model.ids import StepId
from platform.model.utc import seconds_between, utc_text_ms
from platform.report.invocations import RunView, TaskView
from platform.run.claimant import is_dead
from platform.run.records import LOG, fresh_dir

LAST = "last"
_MOST_NAMES = 5
_MOST_RUNS = 100  # in which a step is looked for


def viewed(workspace: Workspace, past: "PastRuns", run: PastRun) -> RunView:
    """An invocation with its tasks, as reports show it. The log of a step that runs now is where
    the step writes it."""
    day = run.invocation.day

    def path(digest: str) -> str:
        return workspace.shown(past.history.blob_path(day, digest)) if digest else ""

    def log(attempt: Attempt) -> str:
        if attempt.state == RunState.RUNNING and attempt.step:
            return workspace.shown(fresh_dir(workspace.runtime_dir, attempt.step) / LOG)
        return path(attempt.log)

    return RunView(run, tuple(TaskView(each, log(each), path(each.record))
                              for each in past.attempts(run)))


class PastRuns:
    """The invocations of a runtime directory. StorageError, or Displaced for a link, if the history
    cannot be read."""

    def __init__(self, runtime_dir: Path) -> None:
        self.history = History(runtime_dir)

    def since(self, since: str = "") -> Iterator[PastRun]:
        """The invocations that began at `since` (UTC, ISO 8601, with milliseconds) or later, newest
        first. Reads one file for each day, as far as the caller iterates."""
        return map(self._now, self.history.invocations(since))

    def of_days(self, days: Iterable[str]) -> Iterator[PastRun]:
        """The invocations that began on these days."""
        return (self._now(each) for day in days for each in self.history.of_day(day))

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
        return self._attempts(run.invocation, over=run.state is not RunState.RUNNING)

    def failed_steps(self, run: PastRun) -> tuple[StepId, ...]:
        """The steps of an invocation that failed, wait for a decision, or were interrupted."""
        return failed_steps(self.attempts(run))

    def newest_of(self, step_id: StepId) -> PastRun | None:
        """The newest of the last invocations that ran a step; None if none did."""
        own = (run for run in self.since() if step_id.tenant_id in run.invocation.tenants)
        return next((run for run in islice(own, _MOST_RUNS)
                     if any(each.step == step_id for each in self.attempts(run))), None)

    def _attempts(self, invocation: Invocation, *, over: bool) -> tuple[Attempt, ...]:
        attempts = self.history.attempts(invocation)
        return tuple(
            replace(each, state=RunState.INTERRUPTED) if each.state == RunState.RUNNING else each
            for each in attempts
        ) if over else attempts

    def _now(self, invocation: Invocation) -> PastRun:
        """An invocation that has not ended is read from its tasks."""
        if invocation.ended:
            return PastRun(invocation, state_of(invocation, alive=False))
        alive = self.history.is_locked(invocation) and not is_dead(invocation.process)
        attempts = self._attempts(invocation, over=not alive)
        last = max((each.ended_at or each.began_at for each in attempts), default="")
        so_far = replace(
            invocation, tenants=tallies(attempts), ended_at="" if alive else last,
            duration_s=seconds_between(
                invocation.began_at, utc_text_ms(datetime.now(UTC)) if alive else last))
        return PastRun(so_far, state_of(invocation, alive=alive))
