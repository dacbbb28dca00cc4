"""The names of an order's tasks: their kinds, and the only parser and formatter. Pure.

    step:<tenant>/<order>/<step>    charge:<tenant>/<order>    workorder:<tenant>/<order>
    publish:<tenant>/<order>        _settle:<tenant>/<order>
"""
from enum import StrEnum
from typing import NamedTuple

from platform.model.ids import OrderId, StepId


class TaskKind(StrEnum):
    WORKORDER = "workorder"
    CHARGE = "charge"
    STEP = "step"
    PUBLISH = "publish"
    SETTLE = "_settle"  # the loader adds it to single steps; doit hides names with _


ASKABLE = tuple(kind for kind in TaskKind if kind is not TaskKind.SETTLE)  # for command lines
GROUPS = ("check", "state", *ASKABLE, "maintenance")  # the output of `doit list`


class TaskName(NamedTuple):
    """The name of one task of an order. `step_id` is empty for every kind but STEP."""

    kind: TaskKind
    order: OrderId
    step_id: str = ""

    def __str__(self) -> str:
        subject = f"{self.kind}:{self.order.tenant_id}/{self.order.work_order_id}"
        return f"{subject}/{self.step_id}" if self.step_id else subject

    @property
    def step(self) -> StepId:
        """The step of a name of kind STEP."""
        return StepId(*self.order, self.step_id)

    @classmethod
    def of_step(cls, step_id: StepId) -> "TaskName":
        return cls(TaskKind.STEP, step_id.order, step_id.step_id)

    @classmethod
    def parse(cls, text: str) -> "TaskName":
        """Parse a full name, as doit uses it. Its parts are not empty; the task need not exist.
        Raises ValueError for any other text."""
        kind, _, subject = text.partition(":")
        parts = subject.split("/")
        name = cls(TaskKind(kind), OrderId(*[*parts, ""][:2]), "/".join(parts[2:]))
        if not all(parts) or len(parts) != (3 if name.kind is TaskKind.STEP else 2):
            raise ValueError(f"{text!r} does not name one task of an order")
        return name


def step_task(step_id: StepId) -> str:
    """The name of a step's task."""
    return str(TaskName.of_step(step_id))


def order_task(kind: TaskKind, order_id: OrderId) -> str:
    """The name of an order's task of any kind except STEP."""
    return str(TaskName(kind, order_id))


def kind_of(name: str) -> TaskKind | None:
    """The kind of an order's task, by its name; None for any other task or group."""
    kind, colon, _ = name.partition(":")
    return _KINDS.get(kind) if colon else None


_KINDS = {kind.value: kind for kind in TaskKind}
