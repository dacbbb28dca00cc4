"""Completes the history of invocations whose process was killed, or whose machine stopped."""
from pathlib import Path

from msgspec.structs import replace

from platform.app.past_runs import PastRuns
from platform.errors import INTERRUPTED_STATUS
from platform.history.writer import Writer, read_log
from platform.model.history import PastRun, RunState
from platform.run.records import fresh_dir

_DAYS = 2  # the newest days with a history; earlier runs have been looked at
_WHY = "its process ended before the run did"


def close_interrupted(runtime_dir: Path) -> None:
    """Keep the logs of steps that ran in such an invocation, before the steps run again, and write
    how it ended. OSError, StorageError if the disk refuses."""
    past = PastRuns(runtime_dir)
    for run in past.of_days(past.history.days()[:_DAYS]):
        if not run.invocation.ended and run.state is RunState.INTERRUPTED:
            _close(past, run)


def _close(past: PastRuns, run: PastRun) -> None:
    invocation, runtime_dir = run.invocation, past.history.runtime_dir
    writer = Writer(runtime_dir, invocation.id, invocation.day)
    try:
        if not writer.continued():
            return  # another run is completing it
        for attempt in past.history.attempts(invocation):
            if attempt.state == RunState.RUNNING and attempt.step:
                log = read_log(fresh_dir(runtime_dir, attempt.step))
                writer.task(replace(attempt, state=RunState.INTERRUPTED,
                                    log=writer.keep(log) if log else ""))
        writer.ended(replace(invocation, exit_status=INTERRUPTED_STATUS, error=_WHY))
    finally:
        writer.close()
