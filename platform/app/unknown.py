"""A task that there is not: the line that says so, with the task that was probably meant, or why there is none.

Names are compared part by part: in `step:nxlkGI/UbjkpxZO/quries` only the last part is wrong, and among whole names all
steps of that order would look alike.
"""
import contextlib
from collections.abc import Collection, Iterable

from platform.app.scope import with_warnings
from platform.app.snapshot import Snapshot
from platform.check.words import nearest, suggestion
from platform.errors import UsageError
from platform.model.characters import one_line
from platform.model.ids import OrderId, StepId
from platform.model.task_name import ASKABLE, GROUPS, TaskKind, TaskName


def no_such_task(snapshot: Snapshot, name: str) -> str:
    """One line for `doit run <name>`, of which doit knows no task."""
    kind, colon, subject = name.partition(":")
    if kind not in ASKABLE or not colon:
        return f"there is no task or file `{name}`; {suggestion(name, GROUPS, 'see `doit list --all`')}"
    known = set(snapshot.workspace.order_ids())
    asked = OrderId(*[*subject.split("/"), "", ""][:2])
    order = asked if asked in known else nearest_order(asked, known)
    if order is None:
        return f"there is no work order {subject}; see `doit list --all`"
    rest = subject.split("/")[2:]
    if order != asked:
        return f"there is no work order {asked}; did you mean {kind}:{'/'.join([*order, *rest])}?"
    if kind != TaskKind.STEP and rest:
        return f"there is no task {name}; write {kind}:{order}"
    plan = snapshot.plan
    if order not in plan.orders and order not in plan.refused:
        message = f"{order} has no tasks because it is a draft; set enabled: true, and see `consistency-validate`"
        return with_warnings(snapshot, order, message)
    steps = [step.id.step_id for step in plan.orders[order].steps] if order in plan.orders else []
    return f"there is no task {name}; {step_cure(order, '/'.join(rest), steps)}"


def step_typed(text: str) -> StepId:
    """The step that a person names, `step:t/o/s` or `t/o/s`; whether there is one is not asked. UsageError for any
    other text."""
    with contextlib.suppress(ValueError):
        name = TaskName.typed(text)
        if name.kind is TaskKind.STEP:
            return name.step
    raise UsageError(f"{one_line(text)!r} is not a step; write step:TENANT/ORDER/STEP, as `doit list --all` has it")


def nearest_order(asked: OrderId, known: Collection[OrderId]) -> OrderId | None:
    """The order that was probably meant: of the tenant that was probably meant; None when nothing is like it."""
    tenants = {order.tenant_id for order in known}
    tenant_id = asked.tenant_id if asked.tenant_id in tenants else nearest(asked.tenant_id, tenants)
    own = [order.work_order_id for order in known if order.tenant_id == tenant_id]
    work_order_id = asked.work_order_id if asked.work_order_id in own else nearest(asked.work_order_id, own)
    return OrderId(tenant_id, work_order_id) if tenant_id and work_order_id else None


def step_cure(order: OrderId, name: str, steps: Iterable[str]) -> str:
    """What to write instead of a step that the order does not have."""
    known = list(steps)
    near = nearest(name, known)
    if near:
        return f"did you mean {TaskName(TaskKind.STEP, order, near)}?"
    return f"its steps are {', '.join(known[:12])}" if known else "see `doit run check`"
