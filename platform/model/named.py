"""What a person types to name a tenant, an order or a step: TENANT, TENANT/ORDER or
TENANT/ORDER/STEP. The only parser of such names. Pure.

It also understands a task's kind in front (`step:T/O/S`), a slash at the end, `T:O`, and the path
of a tenant's directory or of an order's file.
"""
from typing import NamedTuple

from platform.model.characters import one_line
from platform.model.ids import OrderId, StepId
from platform.model.task_name import ASKABLE, TaskKind, TaskName

METAVAR = "TENANT[/ORDER[/STEP]]"
ORDER_OR_STEP = "TENANT/ORDER[/STEP]"


class Named(NamedTuple):
    """The ids that a name contains. A part that is not named is empty, and so are those after
    it."""

    tenant_id: str = ""
    work_order_id: str = ""
    step_id: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in self if part)

    @property
    def order(self) -> OrderId:
        return OrderId(self.tenant_id, self.work_order_id)

    @property
    def step(self) -> StepId:
        return StepId(*self)

    def covers(self, step: StepId) -> bool:
        """Whether the step is the one that is named, or of the named order or tenant. A name
        without parts covers every step."""
        return all(want in ("", own) for want, own in zip(self, step, strict=True))

    @classmethod
    def parse(cls, text: str) -> "Named":
        """Parse a name. What it names need not exist, and its ids may be invalid.

        Raises:
            ValueError: the text is not such a name; the message says what to write.
        """
        parts = _parts(_without_kind(text)[1])
        if not 1 <= len(parts) <= 3 or not all(parts):
            raise ValueError(f"{one_line(text)!r} is not a name; write {METAVAR}")
        return cls(*parts)


def task_named(text: str) -> TaskName:
    """The task that a name means: a kind of ASKABLE with its order or step, or `t/o/s` for a step
    and `t/o` for a work order. Raises ValueError for any other text."""
    kind, rest = _without_kind(text)
    named = Named.parse(rest)
    meant = kind or (TaskKind.STEP if named.step_id else TaskKind.WORKORDER)
    return TaskName.parse(f"{meant}:{named}")


def _without_kind(text: str) -> tuple[str, str]:
    """The kind of task in front of a name, or an empty text, and the name."""
    kind, _, rest = text.strip().partition(":")
    return (kind, rest) if kind in ASKABLE else ("", text.strip())


def _parts(text: str) -> list[str]:
    """The parts of a name or of a path."""
    parts = text.replace(":", "/").removesuffix("/").removeprefix("./").split("/")
    if "tenants" in parts[:-1]:
        parts = parts[parts.index("tenants") + 1:]
        if parts[1:2] == ["workorders"] or parts[1:] == ["tenant.yml"]:
            del parts[1]
    return [*parts[:1], *(part.removesuffix(".yml") for part in parts[1:2]), *parts[2:]]
