"""The lines of a run, made from plain values. Pure except for the log's tail."""
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from platform.confined import kind_at, opened, read
from platform.model.characters import one_line, replaced
from platform.model.task_name import TaskKind, kind_of
from platform.model.words import counted, in_credits
from platform.streams import is_command

_TAIL_LINES = 5
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Counts:
    """What has happened so far, for the summary line."""

    ran: int = 0
    current: int = 0
    failed: int = 0
    skipped: int = 0
    refused: int = 0
    waiting: int = 0
    completed_orders: int = 0
    failed_orders: int = 0
    spent_credits: int = 0
    added_credits: int = 0
    refunded_credits: int = 0

    def after(self, name: str, values: Mapping[str, Any]) -> "Counts":
        """One more task that doit calls a success."""
        if values.get("state") == "LATER":
            return self
        if kind_of(name) is TaskKind.STEP:
            field = {
                "COMPLETED": "ran",
                "FAILED": "failed",
                "SKIPPED": "skipped",
                "CURRENT": "current",
                "REFUSED": "refused",
                "NEEDS_DECISION": "waiting",
            }[values["state"]]
            return self._more(**{field: 1})
        return self._more(spent_credits=values.get("spent_credits", 0),
                          refunded_credits=values.get("refunded_credits", 0),
                          added_credits=values.get("credits", 0) + values.get("granted_credits", 0),
                          completed_orders=kind_of(name) is TaskKind.WORKORDER)

    def after_skip(self, name: str) -> "Counts":
        """One more task that was up to date."""
        return self._more(
            current=kind_of(name) is TaskKind.STEP,
            completed_orders=kind_of(name) is TaskKind.WORKORDER,
        )

    def after_failure(self, name: str, refunded_credits: int = 0) -> "Counts":
        """One more task that failed."""
        return self._more(failed_orders=kind_of(name) in (TaskKind.WORKORDER, TaskKind.SETTLE),
                          refunded_credits=refunded_credits)

    def _more(self, **more: int) -> "Counts":
        return replace(
            self, **{name: getattr(self, name) + int(count) for name, count in more.items()}
        )


def success(name: str, values: Mapping[str, Any]) -> str:
    """A task's line; empty when there is nothing to print."""
    kind, subject = kind_of(name), name.partition(":")[2]
    if not values or values.get("state") == "LATER":
        return ""  # a group, or an order that this run comes back to
    if kind is TaskKind.STEP and values["state"] == "COMPLETED":
        how = (
            f"taken from {values['cached_from']}"
            if values["cached_from"]
            else f"{values['duration_s']:.2f} s"
        )
        remarks = [one_line(words) for words in (values["reason"], values["note"]) if words]
        return f"completed    {subject}  {how}" + (f"  ({'; '.join(remarks)})" if remarks else "")
    if kind is TaskKind.STEP and values["state"] in ("FAILED", "SKIPPED"):
        return (
            f"{values['state'].lower():<12} {subject}  {values['reason']}: "
            f"{one_line(values['message'])}"
        )
    if kind is TaskKind.STEP and values["state"] == "NEEDS_DECISION":
        return (
            f"waits        {subject}  NEEDS_DECISION {values['reason']}: "
            f"{one_line(values['message'])}"
        )
    if kind is TaskKind.CHARGE:
        return _charge(subject, values)
    if name == "state":
        return _state(values)
    if kind is TaskKind.WORKORDER:
        refund = (
            f", {in_credits(values['refunded_credits'])} refunded"
            if values["refunded_credits"]
            else ""
        )
        return (
            f"COMPLETED    {subject}  {values['steps']} of "
            f"{counted(values['steps'], 'step')}{refund}"
        )
    return str(values.get("lines", ""))


def _state(values: Mapping[str, Any]) -> str:
    told = [values["lines"]] if values["lines"] else []
    if values["posts"]:
        payments = counted(values["posts"], "confirmed payment")
        told.append(f"top-up       {in_credits(values['credits'])} from {payments}")
    if values["refunded_credits"]:
        told.append(
            f"refunded     {in_credits(values['refunded_credits'])} for work of deleted orders"
        )
    return "\n".join(told)


def _charge(subject: str, values: Mapping[str, Any]) -> str:
    granted, back, balance = (
        values[name] for name in ("granted_credits", "refunded_credits", "balance_credits")
    )
    first = f"promotion    {subject}  {in_credits(granted)} granted\n" if granted else ""
    if back:
        first += (
            f"refunded     {subject}  {in_credits(back)} for work that is no longer in the order\n"
        )
    balance = in_credits(balance)
    if not values["refusal"] and not values["spent_credits"]:
        return first.rstrip()
    if values["refusal"]:
        return (
            f"{first}refused      {subject}  {values['refusal']}: nothing runs; {values['words']}"
        )
    return f"{first}charged      {subject}  {in_credits(values['spent_credits'])}, {balance} left"


def failure(name: str, message: str, traceback: str) -> str:
    """A failed task: known failures are lines for people. A traceback means a defect and is
    printed whole."""
    if traceback:
        return f"ERROR        {name}  {message}\n{traceback}"
    if name == "check":
        return message
    return "\n".join([f"NOT DONE     {name}", *(
        # a command begins a line
        line if is_command(line) else f"  {line}" for line in message.splitlines())])


def log_tail(values: Mapping[str, Any], log: Path, shown: str) -> str:
    """The last lines that a failed step printed. `log` is absolute; `shown` is the path that
    people type."""
    if values["state"] != "FAILED" or kind_at(log) != "file":
        return ""
    with opened(log) as handle:
        os.lseek(handle, max(0, os.fstat(handle).st_size - _TAIL_BYTES), os.SEEK_SET)
        tail = read(handle, _TAIL_BYTES).decode(errors="replace").splitlines()[-_TAIL_LINES:]
    lines = [replaced(line, by=" ") for line in [*tail, f"whole log: {shown}"] if line.strip()]
    return "\n".join(f"             | {line}" for line in lines)


def summary(counts: Counts, seconds: float) -> str:
    """The last line of every run."""
    orders = [
        f"{count} {word}"
        for count, word in (
            (counts.completed_orders, "COMPLETED"),
            (counts.failed_orders, "not completed"),
        )
        if count
    ]
    steps = [
        f"{count} {word}"
        for count, word in (
            (counts.ran, "ran"),
            (counts.current, "up to date"),
            (counts.failed, "failed"),
            (counts.skipped, "skipped"),
            (counts.waiting, "waiting for a decision"),
            (counts.refused, "not started"),
        )
        if count
    ]
    money = [f"{in_credits(amount)} {word}" for amount, word in (
        (counts.spent_credits, "charged"), (counts.added_credits, "added"),
        (counts.refunded_credits, "refunded")) if amount]
    parts = ["orders: " + ", ".join(orders or ["none"]), "steps: " + ", ".join(steps or ["none"]),
             ", ".join(money) or "nothing posted", f"{seconds:.1f} s"]
    return "; ".join(parts)
