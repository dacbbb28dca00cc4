"""The history of one run, written while it happens.

A run without work leaves one line, when it ends: an operator who asks whether the clock's run took
place finds it. Otherwise the history begins with the first task. History informs people. If it
cannot be written, one warning says so, and the run and its exit status are what they would be.
"""
import secrets
import shlex
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from platform import called
from platform.app.interrupted import close_interrupted
from platform.confined import Refused
from platform.errors import PlatformError
from platform.history.files import history_dir
from platform.history.prune import prune
from platform.history.writer import Writer, read_log
from platform.model.characters import one_line, printable
from platform.model.history import (
    ALPHABET,
    ID_LENGTH,
    LONGEST_WORDS,
    Attempt,
    Invocation,
    RunState,
    tallies,
)
from platform.model.ids import StepId
from platform.model.plan import PlannedStep
from platform.model.profile import Retention
from platform.model.run import RunRecord
from platform.model.task_name import step_task
from platform.model.utc import utc_text_ms
from platform.run.claimant import this_process
from platform.run.records import as_bytes, fresh_dir, step_dir


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """How a task ended that is no step: `state`, and the credits that it moved."""

    state: str
    message: str = ""
    charged_credits: int = 0
    refunded_credits: int = 0


class RunHistory:
    """The history of one run. Safe for threads.

    `redact` removes secrets from a text. `planned` returns a step of the plan, or None."""

    def __init__(
        self,
        runtime_dir: Path,
        retention: Retention,
        began: datetime,
        *,
        planned: Callable[[StepId], PlannedStep | None],
        redact: Callable[[str], str],
    ) -> None:
        self._runtime_dir, self._retention = runtime_dir, retention
        self._planned, self._redact, self._began = planned, redact, began
        self._lock = threading.Lock()
        self._workers: dict[int, int] = {}
        self._starts: dict[StepId, datetime] = {}
        self._stopped: dict[StepId, str] = {}  # the digest of the log of a run without a record
        self._ended: dict[str, Attempt] = {}
        self._has_begun = self._failed = self._over = False

    @cached_property
    def id(self) -> str:
        """The id of this invocation."""
        return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))

    def step_began(self, step_id: StepId) -> None:
        """A step starts to run: its record does not exist yet."""
        self._starts[step_id] = datetime.now(UTC)
        self._safely(lambda: self._add(self._attempt(step_id, RunState.RUNNING)))

    def step_stopped(self, step_id: StepId) -> None:
        """A step's run ends without a record: keep its log, which is about to be removed."""

        def write() -> None:
            log = read_log(fresh_dir(self._runtime_dir, step_id))
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

    def task_ended(self, task: str, end: TaskEnd) -> None:
        """A task ended that is no step."""
        now = utc_text_ms(datetime.now(UTC))
        self._safely(lambda: self._add(Attempt(
            task=task,
            state=end.state,
            began_at=now,
            ended_at=now,
            worker=self._worker(),
            message=self._words(end.message),
            charged_credits=end.charged_credits,
            refunded_credits=end.refunded_credits,
        )))

    def close(self, exit_status: int, error: str = "") -> None:
        """The invocation ends, with the message of an error that belongs to no task. Only the
        first call counts."""
        if self._over:
            return
        self._over = True
        self._safely(lambda: self._writer.ended(self._invocation(exit_status, error)))
        if self._writer.is_first_of_day:
            self._safely(lambda: prune(self._runtime_dir, self._retention, self._began.date()))
        self._writer.close()

    @cached_property
    def _writer(self) -> Writer:
        return Writer(self._runtime_dir, self.id, utc_text_ms(self._began)[:10])

    def _add(self, attempt: Attempt) -> None:
        if not self._has_begun:
            self._has_begun = True
            close_interrupted(self._runtime_dir)
            self._writer.began(self._invocation(-1))
        self._writer.task(attempt)
        if attempt.state != RunState.RUNNING:
            self._ended[attempt.task] = attempt

    def _invocation(self, exit_status: int, error: str = "") -> Invocation:
        over, now = exit_status >= 0, datetime.now(UTC)
        return Invocation(
            id=self.id,
            began_at=utc_text_ms(self._began),
            command=one_line(command_line(self._redact))[:LONGEST_WORDS],
            process=this_process() if not over else {},
            ended_at=utc_text_ms(now) if over else "",
            duration_s=round(max(0.0, (now - self._began).total_seconds()), 3) if over else 0.0,
            exit_status=exit_status,
            error=self._words(error),
            tenants=tallies(self._ended.values()),
        )

    def _attempt(self, step_id: StepId, state: str, **facts: Any) -> Attempt:
        now = datetime.now(UTC)
        planned = self._planned(step_id)
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
        """Keep a record and its log; their digests. A step that did not run has no log."""
        log = read_log(step_dir(self._runtime_dir, record.id))
        return self._writer.keep(as_bytes(record)), self._writer.keep(log) if log else ""

    def _worker(self) -> int:
        return self._workers.setdefault(threading.get_ident(), len(self._workers) + 1)

    def _words(self, text: str) -> str:
        return one_line(self._redact(text))[:LONGEST_WORDS]

    def _safely(self, write: Callable[[], object]) -> None:
        """Write; after the first error, print one warning and write nothing more."""
        with self._lock:
            if self._failed:
                return
            try:
                write()
            except (OSError, PlatformError, ValueError) as error:
                self._failed = True
                sys.stderr.write(f"{printable(_warning(self._runtime_dir, error))}\n")


def command_line(redact: Callable[[str], str]) -> str:
    """The command line of this process, as it could be typed. `redact` sees each word before it is
    quoted, since quotes would hide a secret from it."""
    name = Path(sys.argv[0]).name
    program = called.program() if name in ("cli.py", "__main__.py", called.SCRIPT) else name
    return " ".join([program, *(shlex.quote(redact(word)) for word in sys.argv[1:])])


def _warning(runtime_dir: Path, error: BaseException) -> str:
    path = history_dir(runtime_dir)
    error = error.__cause__ or error  # of the disk
    what = f"{path}: cannot be written ({error.strerror})" if isinstance(error, OSError) else error
    if isinstance(error, Refused):
        what = f"{error.offender}: is {error.kind} and is not followed; remove it"
    return f"warning: {what}; this run continues, and `runs` does not show all of it"
