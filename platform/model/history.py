"""The history of a workspace: invocations of the tool, and the tasks of each. Pure.

An invocation is one command that ran tasks, such as `doit run` or `orchestrator`. Its id is random:
it names a moment, not work. (A run record's `run_id` names work, and is the same at every try.)
"""
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from msgspec import Struct

from platform.errors import INTERRUPTED_STATUS
from platform.model.ids import OrderId, StepId
from platform.model.task_name import TaskKind, TaskName, kind_of


class RunState(StrEnum):
    """Of an invocation, and of a task that is no step. A step also has the states of its record."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"  # stopped in the middle, by a signal or with the machine


class Tally(Struct, frozen=True, array_like=True):
    """What an invocation did: steps by their state, and credits. Fields are only ever added."""

    completed: int = 0
    failed: int = 0
    waiting: int = 0  # for a person's decision
    skipped: int = 0
    not_started: int = 0  # their order was refused, or the invocation was interrupted
    charged_credits: int = 0
    refunded_credits: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        names = Tally.__struct_fields__
        return Tally(*(getattr(self, name) + getattr(other, name) for name in names))


class Invocation(Struct, frozen=True, kw_only=True):
    """One invocation: a line when its first task begins, and a whole line when it ends.

    Times are UTC, ISO 8601, with Z. `exit_status` is negative until it ends. `error` is the message
    of an error that belongs to no task. `tenants` has a tally for each tenant with a task that did
    something or failed."""

    id: str
    began_at: str
    command: str = ""
    process: dict[str, str | int] = {}
    ended_at: str = ""
    duration_s: float = 0.0
    exit_status: int = -1
    error: str = ""
    tenants: dict[str, Tally] = {}

    @property
    def day(self) -> str:
        """The UTC date on which it began, `2026-11-28`: its directory in the history."""
        return self.began_at[:10]

    @property
    def ended(self) -> bool:
        return self.exit_status >= 0

    @property
    def tally(self) -> Tally:
        """Of all tenants."""
        return reduce(Tally.__add__, self.tenants.values(), Tally())

    def of_tenant(self, tenant_id: str) -> Tally:
        return self.tenants.get(tenant_id, Tally())


def state_of(invocation: Invocation, *, alive: bool) -> RunState:
    """The state of an invocation. `alive`: its process exists."""
    if not invocation.ended:
        return RunState.RUNNING if alive else RunState.INTERRUPTED
    if invocation.exit_status == INTERRUPTED_STATUS:
        return RunState.INTERRUPTED
    return RunState.FAILED if invocation.exit_status else RunState.COMPLETED


@dataclass(frozen=True, slots=True)
class PastRun:
    """An invocation and its state now."""

    invocation: Invocation
    state: RunState

    @property
    def failed(self) -> bool:
        """Whether it did not complete all that it was asked for."""
        return self.state in (RunState.FAILED, RunState.INTERRUPTED)


class Attempt(Struct, frozen=True, kw_only=True):
    """One task in one invocation: a line when a step begins, and one when a task ends.

    `state` of a step: a Status of its record, REFUSED (its order may not run), RUNNING, or
    INTERRUPTED. `record` and `log` are SHA-256 digests of kept bytes; empty if there are none."""

    task: str
    state: str
    began_at: str = ""
    ended_at: str = ""
    duration_s: float = 0.0
    worker: int = 0  # which of the threads that work at once, from 1
    reason: str = ""
    message: str = ""
    price_credits: int = 0  # of a step, paid in this invocation or before
    charged_credits: int = 0  # of an order
    refunded_credits: int = 0
    cached_from: str = ""  # the step whose result was used instead of a run
    tries: int = 0
    record: str = ""
    log: str = ""

    @property
    def step(self) -> StepId | None:
        """The step of a step's task; None for every other task."""
        if kind_of(self.task) is not TaskKind.STEP:
            return None
        try:
            return TaskName.parse(self.task).step
        except ValueError:
            return None

    @property
    def order(self) -> OrderId | None:
        """The order of an order's or a step's task; None for every other task."""
        try:
            return TaskName.parse(self.task).order
        except ValueError:
            return None

    @property
    def failed(self) -> bool:
        """Whether a person has to look at it."""
        return self.state not in ("COMPLETED", "RUNNING", "SKIPPED", "REFUSED")


_COUNTED = {
    "COMPLETED": "completed",
    "FAILED": "failed",
    "NEEDS_DECISION": "waiting",
    "SKIPPED": "skipped",
    "REFUSED": "not_started",
    "INTERRUPTED": "not_started",
}


def tallies(attempts: Iterable[Attempt]) -> dict[str, Tally]:
    """The tallies by tenant of attempts that ended; of a task without an order, under an empty
    id."""
    found: dict[str, Tally] = {}
    for attempt in attempts:
        order = attempt.order
        counted: dict[str, int] = {"charged_credits": attempt.charged_credits,
                                   "refunded_credits": attempt.refunded_credits}
        if attempt.step and attempt.state in _COUNTED:
            counted[_COUNTED[attempt.state]] = 1
        if any(counted.values()) or (order and attempt.failed):
            tenant_id = order.tenant_id if order else ""
            found[tenant_id] = found.get(tenant_id, Tally()) + Tally(**counted)
    return found


def latest(lines: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """The tasks of an invocation, in the order in which they began. Of the lines of one task, the
    last counts."""
    return tuple({line.task: line for line in lines}.values())


def failed_steps(attempts: Iterable[Attempt]) -> tuple[StepId, ...]:
    """The steps that failed, wait for a decision, or were interrupted, in the order in which they
    began."""
    return tuple(each.step for each in attempts if each.step and each.failed)


def named_by(prefix: str, invocations: Iterable[Invocation]) -> list[Invocation]:
    """The invocations whose ids begin with a text."""
    return [each for each in invocations if each.id.startswith(prefix)]
