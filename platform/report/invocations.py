"""Invocations of the tool for people and for `--json`: the list, and one with its tasks. Pure."""
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platform.model.characters import one_line
from platform.model.history import Attempt, Invocation, PastRun, Tally
from platform.model.words import in_credits

_HEADS = ("RUN", "BEGAN (UTC)", "TIME", "STATE", "OK", "FAILED", "WAITING", "CHARGED", "REFUNDED",
          "COMMAND")
_RIGHT = frozenset({2, 4, 5, 6, 7, 8})  # the columns that are numbers


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task of an invocation. `log` and `record` are paths for display; empty if there are
    none."""

    attempt: Attempt
    log: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class RunView:
    """An invocation with its tasks, in the order in which they began."""

    run: PastRun
    tasks: tuple[TaskView, ...]

    @property
    def first_failure(self) -> Attempt | None:
        """What failed first: a step if one did, otherwise the first task that failed."""
        failed = sorted((task.attempt for task in self.tasks if task.attempt.failed),
                        key=lambda attempt: (attempt.step is None, attempt.ended_at or "~"))
        return failed[0] if failed else None


def listed(runs: Iterable[PastRun], tenant_id: str = "") -> list[str]:
    """One aligned line per invocation, below the names of the columns. `tenant_id`: count only what
    belongs to that tenant."""
    rows = [_HEADS, *(_row(run, tenant_id) for run in runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(
        cell.rjust(width) if index in _RIGHT else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ).rstrip() for row in rows]


def _row(run: PastRun, tenant_id: str) -> tuple[str, ...]:
    each = run.invocation
    tally = _tally(each, tenant_id)
    numbers = (tally.completed, tally.failed, tally.waiting, tally.charged_credits,
               tally.refunded_credits)
    began = each.began_at[:19].replace("T", " ")
    return (each.id, began, duration(each.duration_s) if each.duration_s else "",
            run.state.value, *(str(number or "-") for number in numbers), one_line(each.command))


def _tally(invocation: Invocation, tenant_id: str) -> Tally:
    return invocation.of_tenant(tenant_id) if tenant_id else invocation.tally


def duration(seconds: float) -> str:
    """`1.24 s`, `3 min 05 s`, `2 h 04 min`."""
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def as_json(run: PastRun, tenant_id: str = "") -> dict[str, Any]:
    """An invocation. `exit_status` is null until it ends."""
    each, tally = run.invocation, _tally(run.invocation, tenant_id)
    return {
        "invocation_id": each.id,
        "state": run.state.value,
        "began_at": each.began_at,
        "ended_at": each.ended_at,
        "duration_s": each.duration_s,
        "command": each.command,
        "exit_status": each.exit_status if each.ended else None,
        "error": each.error,
        **{name: getattr(tally, name) for name in Tally.__struct_fields__},
        "tenants": sorted(filter(None, each.tenants)),
    }


def view_as_json(view: RunView) -> dict[str, Any]:
    """An invocation with its tasks; `log` and `record` are paths."""
    return {**as_json(view.run), "tasks": [
        {**{name: getattr(task.attempt, name) for name in Attempt.__struct_fields__},
         "log": task.log, "record": task.record} for task in view.tasks]}


def view_as_text(view: RunView) -> str:
    """An invocation: what it was, what failed first, and a line for each task."""
    return "\n".join([*_summary(view), *_tasks(view.tasks)])


def _summary(view: RunView) -> list[str]:
    run, each = view.run, view.run.invocation
    when = f"began {each.began_at[:19]}Z"
    if each.ended_at:
        when += f", ended {each.ended_at[:19]}Z, {duration(each.duration_s)}"
    told = [f"{run.state.value}  run {each.id}", f"  {when}", f"  {one_line(each.command)}"]
    told += [f"  exit status {each.exit_status}"] if each.ended else []
    told += [f"  {one_line(each.error)}"] if each.error else []
    told += [f"  steps: {in_words(each.tally)}; {money(each.tally)}"]
    if first := view.first_failure:
        told.append(f"  failed first: {first.task}  {why(first)}".rstrip())
    return told


def in_words(tally: Tally) -> str:
    """The steps by state: `3 completed, 1 failed`."""
    counts: Mapping[str, int] = {
        "completed": tally.completed,
        "failed": tally.failed,
        "waiting for a decision": tally.waiting,
        "skipped": tally.skipped,
        "not completed": tally.not_started,
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "none"


def money(tally: Tally) -> str:
    """`14 credits charged, 2 credits refunded`."""
    moved = ((tally.charged_credits, "charged"), (tally.refunded_credits, "refunded"))
    told = [f"{in_credits(amount)} {word}" for amount, word in moved if amount]
    return ", ".join(told) or "no credits moved"


def why(attempt: Attempt) -> str:
    """Why a task is not completed, or whose result it used; empty otherwise."""
    if attempt.cached_from:
        return f"taken from {one_line(attempt.cached_from)}"
    return ": ".join(one_line(words) for words in (attempt.reason, attempt.message) if words)


def credits_of(attempt: Attempt) -> str:
    """The price of a step; of another task, the credits that it moved."""
    if attempt.step:
        return in_credits(attempt.price_credits)
    told = [f"{amount} {word}" for amount, word in (
        (attempt.charged_credits, "charged"), (attempt.refunded_credits, "refunded")) if amount]
    return ", ".join(told)


def _tasks(tasks: Sequence[TaskView]) -> list[str]:
    rows = [(task.attempt.state, one_line(task.attempt.task), _time(task.attempt),
             credits_of(task.attempt)) for task in tasks]
    widths = [max((len(row[index]) for row in rows), default=0) for index in range(4)]
    found = []
    for row, task in zip(rows, tasks, strict=True):
        cells = [row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]),
                 row[3].rjust(widths[3])]
        rest = [why(task.attempt), f"log {task.log}" if task.log else ""]
        found.append("  ".join([*cells, *filter(None, rest)]).rstrip())
    return found


def _time(attempt: Attempt) -> str:
    return duration(attempt.duration_s) if attempt.duration_s else ""
