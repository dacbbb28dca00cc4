"""`doit run` for a graph that moves money: it ends cleanly on SIGTERM and Ctrl-C, prints an
error in one line, and exits with PLATFORM's statuses (doit has 0 to 3 only)."""
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from doit.cmd_run import Run as DoitRun
from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand

from platform.app.run import Run
from platform.app.unknown_task import no_such_task
from platform.doit_plugin import actions
from platform.doit_plugin.adapter import long_options, parse_error
from platform.doit_plugin.json_report import JsonReport
from platform.doit_plugin.outcome import TaskRefused
from platform.errors import INTERRUPTED_STATUS, ConflictError, PlatformError
from platform.files import write_output
from platform.lacking import INTERRUPTED_LINE
from platform.model.characters import printable

USAGE = 2


PARALLEL = {
    **next(option for option in DoitRun.cmd_options if option["name"] == "par_type"),
    "default": "thread",
}
RETRY = {
    "name": "retry_failed",
    "long": "retry-failed",
    "type": bool,
    "default": False,
    "help": "also charge and run again what failed twice in the same way or was refunded by a "
            "decision",
}
RESEND = {"name": "resend_repaired", "long": "resend-repaired", "type": bool, "default": False,
          "help": "deliver again what was delivered before and was changed by a repair"}


class RunCommand(DoitRun):  # type: ignore[misc]  # doit has no types
    """Exits with the largest status of all failures, so that an incomplete order does not hide
    damage."""

    name = "run"
    cmd_options = (
        *(option for option in DoitRun.cmd_options if option["name"] != PARALLEL["name"]),
        PARALLEL,
        RETRY,
        RESEND,
    )

    def parse_execute(self, in_args: list[str]) -> int:
        try:
            return int(super().parse_execute(in_args))
        except CmdParseError as error:
            sys.stderr.write(f"{parse_error(error, long_options(self))}; see `doit help run`\n")
            return USAGE

    def execute(self, params: Any, args: list[str]) -> int:
        if params["num_process"] and params["par_type"] == "process":
            sys.stderr.write(
                "-P process is not for this graph: its processes would not see each other's "
                "records and posts; use -P thread (the default): each step has its own process\n"
            )
            return USAGE
        self.always = bool(params["always"])
        self.retry_failed, self.resend_repaired = (
            bool(params["retry_failed"]),
            bool(params["resend_repaired"]),
        )
        # doit bound it at import, before the guarded stream existed
        if params["outfile"] is sys.__stdout__:
            params["outfile"] = sys.stdout
        report = JsonReport() if params["reporter"] == "json" else None
        if report:
            params["reporter"] = report
        statuses: list[int] = []
        errors: list[str] = []  # those that belong to no task
        self._mistyped = False
        with _signals_interrupt():
            try:
                goes_on = True
                while goes_on:
                    statuses.append(self._pass(params, args, errors))
                    goes_on = statuses[-1] != INTERRUPTED_STATUS and self._is_next(statuses)
            except PlatformError as refused:  # of a lock
                errors.append(printable(str(refused)))
                sys.stderr.write(f"{errors[-1]}\n")
                statuses.append(refused.exit_status)
            except KeyboardInterrupt:
                statuses.append(_interrupted())
            finally:
                self.loader.passes.close()
            status = max(statuses)
            run = self.loader.made or self.loader.passes.first
            if run is not None and not self._mistyped:
                run.history.close(status, errors[-1] if errors else "")
            if report and not self._mistyped:
                _write(params["outfile"], report.text(run, status, errors))
        return status

    def _pass(self, params: Any, args: list[str], errors: list[str]) -> int:
        """The exit status of one pass over the tasks (`passes`)."""
        self.loader.made = self.dep_manager = None
        if self.loader.passes.is_later and isinstance(params["outfile"], str):
            params["outfile"] = open(  # noqa: SIM115  the end of the process closes it
                params["outfile"], "a", encoding="utf-8", buffering=1)
        try:
            status = int(super().execute(params, args) or 0)
        except PlatformError as refused:
            errors.append(printable(str(refused)))
            sys.stderr.write(f"{errors[-1]}\n")
            status = refused.exit_status
        except InvalidCommand as unknown:
            run = self.loader.made
            text = (
                no_such_task(run.snapshot, unknown.not_found)
                if run and unknown.not_found
                else unknown
            )
            sys.stderr.write(f"{text}\n")
            status, self._mistyped = USAGE, True
        except KeyboardInterrupt:
            status = _interrupted()
        run = self.loader.made
        if run is None:
            return status
        if status != INTERRUPTED_STATUS:
            settle_rest(run)
        if error := close(run):
            errors.append(error)
        return status if status == INTERRUPTED_STATUS else max(run.statuses or [status])

    def _is_next(self, statuses: list[int]) -> bool:
        """Whether another pass follows. Waits until it can begin."""
        run = self.loader.made
        if run is None or not run.workspace.options.quote or not run.at_work.left:
            return run is not None and self.loader.passes.is_next(run)
        orders = ", ".join(map(str, sorted(run.at_work.left)))
        sys.stderr.write(f"{orders}: another run works on it, so this run does not do all that its "
                         "quote says; make a new quote when that run has ended\n")
        if self.loader.reporter:
            self.loader.reporter.summarise()
        statuses.append(ConflictError.exit_status)
        return False


def _write(outfile: Any, text: str) -> None:
    """Write to the file that `-o` names, or to a stream."""
    if isinstance(outfile, str):
        write_output(Path(outfile), text.encode())
    else:
        outfile.write(text)


def _interrupted() -> int:
    sys.stderr.write(f"{INTERRUPTED_LINE}\n")
    return INTERRUPTED_STATUS


def settle_rest(run: Run) -> None:
    """Settle the orders whose steps ran and whose `workorder:` did not: doit runs nothing below
    a failed task."""
    for order_id in sorted(run.left_to_settle):
        ended = actions.settle_rest(run, order_id)
        text = (
            f"NOT SETTLED  {order_id}\n  {ended}"
            if isinstance(ended, TaskRefused)
            else ended.get("lines", "")
        )
        if text:
            sys.stderr.write(f"{printable(text)}\n")


def close(run: Run) -> str:
    """Close the run. An error is printed and returned, and its exit status counts with the
    others."""
    try:
        run.close()
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        run.statuses.append(error.exit_status)
        return str(error)
    return ""


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt: actions stop their children, and doit
    writes its state."""
    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
