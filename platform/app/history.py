"""The history of one run, written while it happens.

A run without work writes one line when it ends, so that an operator can see whether a scheduled run
took place. Otherwise the history begins with the first task. History informs people. If it
cannot be written, the run prints one warning; its work and its exit status stay the same.
"""
import secrets
import shlex
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from platform import called
from platform.confined import Refused
from platform.errors import PlatformError
from platform.history.files import add_end, history_dir
from platform.model.characters import one_line, printable
from platform.model.invocation import ALPHABET, ID_LENGTH, LONGEST_WORDS
from platform.model.utc import utc_text_ms

if TYPE_CHECKING:  # a run without work takes no time to import them
    from platform.app.recorder import Recorder
    from platform.model.ids import StepId
    from platform.model.plan import PlannedStep
    from platform.model.profile import Retention


class RunHistory:
    """The history of one run. Safe for threads.

    `redact` removes secrets from a text. `planned` returns a step of the plan, or None."""

    def __init__(
        self,
        runtime_dir: Path,
        retention: "Retention",
        began: datetime,
        *,
        planned: "Callable[[StepId], PlannedStep | None]",
        redact: Callable[[str], str],
    ) -> None:
        self._runtime_dir, self._retention, self._began = runtime_dir, retention, began
        self._planned, self._redact = planned, redact
        self._lock = threading.Lock()
        self._failed = self._over = False

    @cached_property
    def id(self) -> str:
        """The id of this invocation."""
        return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))

    @property
    def tasks(self) -> "Recorder":
        """Records tasks; the first one begins the history."""
        with self._lock:
            return self._recorder

    def close(self, exit_status: int, error: str = "") -> None:
        """The invocation ends, with the message of an error that belongs to no task. Only the
        first call counts."""
        if self._over:
            return
        self._over = True
        first = [False]
        if "_recorder" in self.__dict__:
            first = [self._recorder.close(exit_status, error)]
        else:
            self._safely(lambda: first.append(self._end(exit_status, error)))
        if first[-1]:
            self._safely(self._prune)

    @cached_property
    def _recorder(self) -> "Recorder":
        from platform.app.recorder import Recorded, Recorder

        return Recorder(Recorded(self._runtime_dir, self.id, self._began, self._command,
                                 self._planned, self._redact), self._safely)

    @cached_property
    def _command(self) -> str:
        return one_line(command_line(self._redact))[:LONGEST_WORDS]

    def _end(self, exit_status: int, error: str) -> bool:
        now = datetime.now(UTC)
        return add_end(self._runtime_dir, {
            "id": self.id,
            "began_at": utc_text_ms(self._began),
            "command": self._command,
            "ended_at": utc_text_ms(now),
            "duration_s": round(max(0.0, (now - self._began).total_seconds()), 3),
            "exit_status": exit_status,
            "error": one_line(self._redact(error))[:LONGEST_WORDS],
        })

    def _prune(self) -> None:
        from platform.history.prune import prune  # once a day

        prune(self._runtime_dir, self._retention, self._began.date())

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
