"""Writes what the tasks of one run do to its history.

A run without work never needs this: it leaves only the line of its end (app/history.py)."""
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from platform.app.interrupted import close_interrupted
from platform.confined import read_file
from platform.history.writer import Writer, read_log
from platform.model.characters import one_line
from platform.model.history import Attempt, Invocation, RunState, tallies
from platform.model.ids import StepId
from platform.model.invocation import LONGEST_WORDS
from platform.model.plan import PlannedStep
from platform.model.run import RunRecord
from platform.model.task_name import step_task
from platform.model.utc import utc_text_ms
from platform.run.claimant import this_process
from platform.run.records import LARGEST, RECORD, as_bytes, fresh_dir, step_dir


@dataclass(frozen=True, slots=True)
class Recorded:
    """The run that is recorded. `redact` removes secrets from a text. `planned` returns a step of
    the plan, or None."""

    runtime_dir: Path
    id: str
    began: datetime
    command: str
    planned: Callable[[StepId], PlannedStep | None]
    redact: Callable[[str], str]


class Recorder:
    """The history of one run with tasks. Safe for threads.

    `safely` calls a function that writes, and decides what an error means."""

    def __init__(self, of: Recorded, safely: Callable[[Callable[[], object]], None]) -> None:
        self._of, self._safely = of, safely
        self._writer = Writer(of.runtime_dir, of.id, utc_text_ms(of.began)[:10])
        self._workers: dict[int, int] = {}
        self._starts: dict[StepId, datetime] = {}
        self._stopped: dict[StepId, str] = {}  # the digest of the log of a run without a record
        self._ended: dict[str, Attempt] = {}
        self._has_begun = False

    def step_began(self, step_id: StepId) -> None:
        """A step starts to run: its record does not exist yet."""
        self._starts[step_id] = datetime.now(UTC)
        self._safely(lambda: self._add(self._attempt(step_id, RunState.RUNNING)))

    def step_stopped(self, step_id: StepId) -> None:
        """A step's run ends without a record: keep its log, which is about to be removed."""

        def write() -> None:
            log = read_log(fresh_dir(self._of.runtime_dir, step_id))
            self._stopped[step_id] = digest = self._writer.keep(log) if log else ""
            self._add(self._attempt(step_id, RunState.INTERRUPTED, log=digest))

        self._safely(write)

    def step_ended(
        self, step_id: StepId, state: str, reason: str, message: str, record: RunRecord | None
    ) -> None:
        """A step ended, or could not be started. `record`: what it left in this run; None if it
        left nothing."""

        def write() -> None:
            kept, log = self._kept(record) if record else ("", self._stopped.get(step_id, ""))
            self._add(self._attempt(
                step_id, state, reason=reason, message=self._words(message), record=kept, log=log,
                duration_s=record.duration_s if record else 0.0,
                cached_from=record.cached_from if record else "",
                tries=record.attempts if record else 0,
            ))

        self._safely(write)

    def task_ended(
        self,
        task: str,
        state: str,
        message: str = "",
        charged_credits: int = 0,
        refunded_credits: int = 0,
    ) -> None:
        """A task ended that is no step, with the credits that it moved."""
        now = utc_text_ms(datetime.now(UTC))
        self._safely(lambda: self._add(Attempt(
            task=task,
            state=state,
            began_at=now,
            ended_at=now,
            worker=self._worker(),
            message=self._words(message),
            charged_credits=charged_credits,
            refunded_credits=refunded_credits,
        )))

    def close(self, exit_status: int, error: str) -> bool:
        """The invocation ends. Return whether it is the first of its day."""
        self._safely(lambda: self._writer.ended(self._invocation(exit_status, error)))
        self._writer.close()
        return self._writer.is_first_of_day

    def _add(self, attempt: Attempt) -> None:
        if not self._has_begun:
            self._has_begun = True
            close_interrupted(self._of.runtime_dir)
            self._writer.began(self._invocation(-1))
        self._writer.task(attempt)
        if attempt.state != RunState.RUNNING:
            self._ended[attempt.task] = attempt

    def _invocation(self, exit_status: int, error: str = "") -> Invocation:
        over, now = exit_status >= 0, datetime.now(UTC)
        return Invocation(
            id=self._of.id,
            began_at=utc_text_ms(self._of.began),
            command=self._of.command,
            process=this_process() if not over else {},
            ended_at=utc_text_ms(now) if over else "",
            duration_s=round(max(0.0, (now - self._of.began).total_seconds()), 3) if over else 0.0,
            exit_status=exit_status,
            error=self._words(error),
            tenants=tallies(self._ended.values()),
        )

    def _attempt(self, step_id: StepId, state: str, **facts: Any) -> Attempt:
        now = datetime.now(UTC)
        planned = self._of.planned(step_id)
        return Attempt(
            task=step_task(step_id),
            state=state,
            began_at=utc_text_ms(self._starts.get(step_id, now)),
            ended_at="" if state == RunState.RUNNING else utc_text_ms(now),
            worker=self._worker(),
            price_credits=planned.total_credits if planned else 0,
            **facts,
        )

    def _kept(self, record: RunRecord) -> tuple[str, str]:
        """Keep a record and its log; their digests. The log is next to the record, unless the
        record could not be put into its place."""
        data, folder = as_bytes(record), step_dir(self._of.runtime_dir, record.id)
        log = read_log(folder) if _bytes(folder / RECORD) == data else b""
        return self._writer.keep(data), self._writer.keep(log) if log else (
            self._stopped.get(record.id, ""))

    def _worker(self) -> int:
        return self._workers.setdefault(threading.get_ident(), len(self._workers) + 1)

    def _words(self, text: str) -> str:
        return one_line(self._of.redact(text))[:LONGEST_WORDS]


def _bytes(file: Path) -> bytes:
    try:
        return read_file(file, LARGEST)
    except OSError:
        return b""
