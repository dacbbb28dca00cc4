"""The output of a run for GitHub Actions; empty where the environment does not say that it runs
there."""
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from platform.app.order_record import read_order
from platform.app.run import Run
from platform.model.order_outcome import outcome
from platform.model.plan import PlannedOrder
from platform.model.problem import Problem
from platform.model.run import Status
from platform.model.task_name import TaskKind, TaskName, kind_of, order_task
from platform.report.github import FailureLine, OrderLine, annotation, summary
from platform.run.records import LOG, step_dir
from platform.streams import command, in_actions


def annotations(problems: Iterable[Problem], root: Path) -> list[str]:
    """Problems as workflow commands, one line each, errors first; empty outside GitHub Actions."""
    if not in_actions():
        return []
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root)
    inside = root.relative_to(workspace).as_posix() if root.is_relative_to(workspace) else "."
    folder = "" if inside == "." else inside + "/"
    return [
        command(annotation(problem, folder))
        for problem in sorted(problems, key=lambda problem: problem.warning)
    ]


def with_annotations(problems: Collection[Problem], root: Path) -> str:
    """Problems as lines for people, followed by the same problems as annotations."""
    return "\n".join([*map(str, problems), *annotations(problems, root)])


def write_summary(run: Run, tasks: Collection[str], last_line: str) -> None:
    """Append the results of the orders that `tasks` belong to, to the file that
    GITHUB_STEP_SUMMARY names."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    asked = {TaskName.parse(name).order for name in tasks if kind_of(name)}
    orders = [order for order_id, order in run.snapshot.plan.orders.items() if order_id in asked]
    lines = [
        _order_line(run, order, order_task(TaskKind.WORKORDER, order.id) in tasks)
        for order in orders
    ]
    lines += [OrderLine(str(order_id), "", "INVALID", "", 0, 0, 0, tuple(map(str, problems)))
              for order_id, problems in run.snapshot.plan.refused.items() if order_id in asked]
    failures = [line for order in orders for line in _failures(run, order)]
    try:
        with Path(file).open("a", encoding="utf-8") as opened:
            opened.write(summary(lines, failures, last_line))
    except OSError as error:  # the run has printed everything; the summary is a copy
        sys.stderr.write(f"{file}: the summary cannot be written ({error.strerror})\n")


def _order_line(run: Run, order: PlannedOrder, settled: bool) -> OrderLine:
    """The record of a settled order says why it was refused; for any other order its steps'
    records decide."""
    result = outcome(order, run.records.of_order(order))
    written = read_order(run.workspace.runtime_dir, order.id) if settled else None
    return OrderLine(
        str(order.id),
        str(order.order.metadata.get("title", "")),
        written.status if written else result.status,
        written.reason if written else result.reason,
        result.completed,
        len(order.steps),
        order.total_credits,
    )


def _failures(run: Run, order: PlannedOrder) -> Iterator[FailureLine]:
    runs, waiting = run.records.of_order(order), run.holding.of(order)
    for planned in order.steps:
        record, held = runs.get(planned.id.step_id), waiting.get(planned.id.step_id)
        if held and not held.below:
            yield FailureLine(
                str(planned.id), Status.NEEDS_DECISION.value, held.reason, held.words, ""
            )
        elif record is not None and not record.completed:
            log = step_dir(run.workspace.runtime_dir, planned.id) / LOG
            yield FailureLine(str(planned.id), record.status.value, record.reason, record.message,
                              run.workspace.shown(log) if log.is_file() else "")
