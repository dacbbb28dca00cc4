"""The output of a run: one line for each step that ran, the credits that moved, each failure with
its reason and the end of its log, and a summary line. On a terminal also a progress line; in CI
plain lines only.

Up-to-date tasks are counted and not listed (`-v 2` lists them). `lines.py` makes the lines from
plain values; this file counts and writes.
"""
import os
import sys
from typing import Any

from platform.app.isolation import before_steps
from platform.app.run import Run
from platform.app.running import process_s
from platform.console import ci, lines
from platform.console.plain import Plain
from platform.model.task_name import TaskKind, TaskName, kind_of
from platform.run.records import LOG, step_dir
from platform.streams import in_actions, neutral


class Reporter:
    """doit's reporter interface."""

    desc = "one line a step, credits moved, failures with reason and log tail"

    def __init__(self, run: Run, outstream: Any, before: "Reporter | None" = None) -> None:
        """`before` reported the earlier passes of the same run. It printed no summary."""
        self._run = run
        self._out = outstream
        self._unread: bool = before is not None and before._unread
        self._counts: lines.Counts = before._counts if before else lines.Counts()
        self._errors: list[str] = []
        # of this run, for the summary
        self._tasks: set[str] = set() if before is None else before._tasks
        self._before = before
        self._progress = _progress(run, outstream)

    def initialize(self, tasks: dict[str, Any], selected_tasks: list[str]) -> None:
        warning = before_steps(self._run, tasks, selected_tasks)
        if self._before is None:
            self._write(warning)
        self._progress.begin(tasks, selected_tasks)

    def get_status(self, task: Any) -> None:
        """doit is about to check the task, so it belongs to this run."""
        self._tasks.add(task.name)

    def execute_task(self, task: Any) -> None:
        if kind_of(task.name) is TaskKind.STEP:
            self._progress.running(task.name)

    def add_success(self, task: Any) -> None:
        self._counts = self._counts.after(task.name, task.values)
        self._progress.moved(self._counts)
        self._write(lines.success(task.name, task.values))
        if kind_of(task.name) is TaskKind.STEP:
            log = step_dir(self._run.workspace.runtime_dir, TaskName.parse(task.name).step) / LOG
            self._write(lines.log_tail(task.values, log, self._run.workspace.shown(log)))
            ran = task.values["state"] not in ("CURRENT", "REFUSED", "LATER")
            (self._progress.done if ran else self._progress.not_due)(task.name)

    def add_failure(self, task: Any, fail: Any) -> None:
        unmet = fail.get_name() == "UnmetDependency"
        if kind_of(task.name) is TaskKind.STEP:
            (self._progress.not_due if unmet else self._progress.done)(task.name)
        if unmet:  # the task that it depends on has printed the reason
            return
        self._counts = self._counts.after_failure(task.name, getattr(fail, "refunded_credits", 0))
        self._progress.moved(self._counts)
        self._write(lines.failure(task.name, fail.message, "".join(fail.traceback)))

    def skip_uptodate(self, task: Any) -> None:
        self._counts = self._counts.after_skip(task.name)
        if kind_of(task.name) is TaskKind.STEP:
            self._progress.not_due(task.name)
        if task.verbosity == 2 and task.actions:
            self._write(f"up to date   {task.name}")

    def skip_ignore(self, task: Any) -> None:
        if kind_of(task.name) is TaskKind.WORKORDER:  # doit ignored a step: it is not settled
            self._run.statuses.append(1)
            self._counts = self._counts.after_failure(task.name)
        self._write(f"ignored      {task.name} (`doit ignore`)")

    def cleanup_error(self, exception: Any) -> None:
        sys.stderr.write(exception.get_msg())

    def runtime_error(self, msg: str) -> None:
        self._errors.append(msg)

    def teardown_task(self, task: Any) -> None:
        """PLATFORM's tasks have no teardown."""

    def complete_run(self) -> None:
        self._progress.end()
        for message in self._errors:
            self._write(f"doit: {message}")
        if self._run.at_work.left:
            return  # the run comes back to them, and its last pass prints the summary
        self.summarise()

    def summarise(self) -> None:
        """Print the last line of the run, and write the summary for CI."""
        last = lines.summary(self._counts, process_s())
        self._write(last)
        first = self
        while first._before is not None:
            first = first._before
        run = self._run if first is self else self._run.narrowed(first._run.snapshot.scope)
        ci.write_summary(run, self._tasks, last)

    def _write(self, text: str) -> None:
        if not text or self._unread:
            return
        if self._out is not sys.stdout:  # a file of `-o`, which is not a guarded stream
            text = (
                (neutral(text) if in_actions() else text)
                .encode("utf-8", "backslashreplace")
                .decode()
            )
        try:
            self._progress.write(text + "\n")
        # the output is full or closed: the run continues, and its records keep the results
        except OSError:
            self._unread = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._out.fileno())


def _progress(run: Run, outstream: Any) -> Plain:
    if not outstream.isatty() or os.environ.get("TERM") == "dumb":
        return Plain(outstream)
    from platform.console.progress import Live

    return Live(run, outstream)
