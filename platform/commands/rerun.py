"""`rerun`: run again what failed, or what is named and not done."""
import argparse
import sys
from collections.abc import Collection, Iterator

from platform.app.again import not_done, still_failed
from platform.app.holding import Allowed
from platform.app.past_runs import PastRuns
from platform.app.quoted import quote_of
from platform.app.run import Asked, Run
from platform.app.scope import require_planned, require_step, scope_of
from platform.app.workspace import Workspace
from platform.called import command
from platform.commands.common import add_order, add_places, named, open_workspace
from platform.commands.launch import launch
from platform.errors import UsageError
from platform.model.ids import StepId
from platform.model.named import Named
from platform.model.task_name import TaskKind, order_task, step_task
from platform.model.words import counted, in_credits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    add_order(parser)
    parser.add_argument("--failed", action="store_true",
                        help="what failed last, also if it waits because it failed twice")
    parser.add_argument("--run", default="", metavar="RUN", dest="past",
                        help="with --failed: what failed in this run of `runs` and is not done "
                             "since")
    parser.add_argument(
        "-n", "--jobs", type=int, default=0, metavar="N", help="run up to N steps at once"
    )


def run(arguments: argparse.Namespace) -> int:
    """Exit status: 0 if there is nothing to run again; otherwise that of `doit run`.

    The first line says what it charges. It never asks."""
    asked = named(arguments)
    if not arguments.failed and (arguments.past or not asked.work_order_id):
        raise UsageError("name the order or the step to run again, or use --failed")
    workspace = open_workspace(arguments)
    run = Run.looking(workspace, Asked(scope_of(workspace, *asked.order)))
    if asked.work_order_id:
        require_planned(run.snapshot, asked.order)
    if asked.step_id:
        require_step(run, asked)
    steps = _steps(arguments, workspace, run, asked)
    if not steps:
        sys.stdout.write(f"{_nothing(arguments, asked)}\n")
        return 0
    orders = {step.order for step in steps}
    allowed = Allowed(retry_steps=frozenset(steps))
    quote = quote_of(Run.looking(workspace, Asked(frozenset(orders), allowed=allowed)))
    names = ", ".join(map(str, sorted(steps)))
    sys.stdout.write(f"runs again {names}: {in_credits(quote.total_credits)} for "
                     f"{counted(len(orders), 'order')}\n")
    sys.stdout.flush()
    jobs = ["-n", str(arguments.jobs)] if arguments.jobs else []
    return launch(arguments, list(_tasks(asked, steps)), jobs, retry=steps)


def _steps(arguments: argparse.Namespace, workspace: Workspace, run: Run, asked: Named
           ) -> frozenset[StepId]:
    if not arguments.failed:
        return frozenset(not_done(run, asked))
    only: Collection[StepId] | None = None
    if arguments.past:
        past = PastRuns(workspace.runtime_dir)
        only = past.failed_steps(past.named(arguments.past))
    return frozenset(still_failed(run, asked, only))


def _tasks(asked: Named, steps: Collection[StepId]) -> Iterator[str]:
    """The orders of the steps, because what was skipped below a failed step runs too; or the one
    step that is named."""
    if asked.step_id:
        yield step_task(asked.step)
        return
    for order in sorted({step.order for step in steps}):
        yield order_task(TaskKind.WORKORDER, order)


def _nothing(arguments: argparse.Namespace, asked: Named) -> str:
    where = f" of {asked}" if asked.tenant_id else ""
    if arguments.failed:
        return f"nothing{where} failed; nothing was run"
    what = step_task(asked.step) if asked.step_id else order_task(TaskKind.WORKORDER, asked.order)
    return (f"{asked} is done, and done work is not repeated; `doit run -a {what}` repeats it free "
            f"of charge, and sends its deliveries again; see `{command('why')} {asked}`")
