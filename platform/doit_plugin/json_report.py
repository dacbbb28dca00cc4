"""The result of a run as one JSON document: `doit run -r json`, and `orchestrator --json`.

It has doit's own list of tasks, each with the credits that it moved, then the same by order. It is
written once, when the run has ended, also after an error or Ctrl-C.
"""
import json
from collections.abc import Iterable
from typing import Any

from doit.reporter import TaskResult

from platform.app.order_record import read_order
from platform.app.run import Run
from platform.model.ids import OrderId
from platform.model.task_name import TaskKind, TaskName, kind_of
from platform.streams import neutral_json

Result = dict[str, Any]
_CREDITS = ("charged_credits", "refunded_credits", "added_credits")


class JsonReport:
    """doit's reporter interface, for all passes of one run. It prints nothing until `write`; lines
    for people go to standard error."""

    desc = "one JSON document, with the credits of each task"

    def __init__(self) -> None:
        self._results: dict[str, tuple[TaskResult, Result]] = {}
        self._errors: list[str] = []

    def get_status(self, task: Any) -> None:
        _, before = self._results.get(task.name, (None, _moved("", "", "")))
        self._results[task.name] = (TaskResult(task), before)

    def execute_task(self, task: Any) -> None:
        self._results[task.name][0].start()

    def add_success(self, task: Any) -> None:
        values = task.values
        self._ended(task, "success", "", _moved(
            values.get("state", "") or values.get("status", ""),
            values.get("reason", "") or values.get("refusal", ""),
            values.get("message", "") or values.get("words", "") or values.get("lines", ""),
            values.get("spent_credits", 0),
            values.get("refunded_credits", 0),
            values.get("credits", 0) + values.get("granted_credits", 0)))

    def add_failure(self, task: Any, fail: Any) -> None:
        unmet = fail.get_name() == "UnmetDependency"
        message = "" if unmet else fail.message
        self._ended(task, "fail", fail.get_msg(), _moved(
            "NOT_RUN" if unmet else "FAILED", "", message,
            refunded_credits=getattr(fail, "refunded_credits", 0)))

    def skip_uptodate(self, task: Any) -> None:
        self._ended(task, "up-to-date", "", _moved("CURRENT", "", ""))

    def skip_ignore(self, task: Any) -> None:
        self._ended(task, "ignore", "", _moved("IGNORED", "", ""))

    def cleanup_error(self, exception: Any) -> None:
        self._errors.append(exception.get_msg())

    def runtime_error(self, msg: str) -> None:
        self._errors.append(msg)

    def teardown_task(self, task: Any) -> None:
        """PLATFORM's tasks have no teardown."""

    def complete_run(self) -> None:
        """A pass has ended; `write` ends the run."""

    def summarise(self) -> None:
        """The document has no summary line."""

    def text(self, run: Run | None, exit_status: int, errors: Iterable[str]) -> str:
        """The document. `run`: of the last pass; None if none began."""
        tasks = [{**_doits(result), **told} for result, told in self._results.values()]
        totals = {name: sum(task[name] for task in tasks) for name in _CREDITS}
        return neutral_json(json.dumps({
            "invocation_id": run.history.id if run else "",
            "exit_status": exit_status,
            "errors": [*errors, *self._errors],
            **totals,
            "orders": self._orders(run) if run else [],
            "tasks": tasks,
            "out": "",
            "err": "",
        }, indent=1, ensure_ascii=False)) + "\n"

    def _ended(self, task: Any, result: str, error: str, told: Result) -> None:
        kept, before = self._results.get(task.name) or (TaskResult(task), _moved("", "", ""))
        kept.set_result(result, error or None)
        moved = {name: told[name] + before[name] for name in _CREDITS}  # in earlier passes too
        self._results[task.name] = (kept, {**told, **moved})

    def _orders(self, run: Run) -> list[Result]:
        """The orders of the tasks, with their steps, in the order in which the tasks began."""
        found: dict[OrderId, Result] = {}
        for name, (_, told) in self._results.items():
            if (kind := kind_of(name)) is None:
                continue
            task = TaskName.parse(name)
            order = found.setdefault(task.order, _order(run, task.order))
            for credit in _CREDITS:
                order[credit] += told[credit]
            if kind is TaskKind.STEP:
                order["steps"].append({"step_id": task.step_id, **{
                    name: told[name] for name in ("state", "reason", "message")}})
            elif kind is TaskKind.CHARGE and told["reason"]:
                order["reason"] = told["reason"]
        return list(found.values())


def _order(run: Run, order_id: OrderId) -> Result:
    record = read_order(run.workspace.runtime_dir, order_id)
    return {
        **order_id._asdict(),
        "state": record.status if record else "",
        "reason": record.reason if record else "",
        **dict.fromkeys(_CREDITS, 0),
        "steps": [],
    }


def _moved(state: str, reason: str, message: str, charged_credits: int = 0,
           refunded_credits: int = 0, added_credits: int = 0) -> Result:
    return {
        "state": state,
        "reason": reason,
        "message": message,
        "charged_credits": charged_credits,
        "refunded_credits": refunded_credits,
        "added_credits": added_credits,
    }


def _doits(result: Any) -> Result:
    """What doit's own reporter says of a task. A task that was interrupted has no end."""
    if result._finished_on is None:
        result._started_on = None
    found: Result = result.to_dict()
    return found
