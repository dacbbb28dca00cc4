"""The message about a task that does not exist. It suggests the nearest task, or gives the reason.

Names are compared part by part. In `step:nxlkGI/UbjkpxZO/quries` only the last part is wrong. If
whole names were compared, all steps of the order would be similar.
"""
import contextlib
from collections.abc import Collection, Iterable

from platform.app.scope import with_warnings
from platform.app.snapshot import Snapshot
from platform.check.words import nearest, suggestion
from platform.errors import UsageError
from platform.model.characters import one_line
from platform.model.ids import OrderId, StepId
from platform.model.named import Named, task_named
from platform.model.task_name import ASKABLE, GROUPS, TaskKind, TaskName

_LIST = "see `doit list --all`"


def no_such_task(snapshot: Snapshot, name: str) -> str:
    """The error message for `doit run <name>` if no such task exists."""
    kind, colon, subject = name.partition(":")
    known = set(snapshot.workspace.order_ids())
    if kind not in ASKABLE or not colon:
        near = _order_meant(name, known)
        hint = f"did you mean {near}?" if near else suggestion(name, GROUPS, _LIST)
        return f"task or file `{one_line(name)}` does not exist; {hint}"
    asked = OrderId(*[*subject.split("/"), "", ""][:2])
    order = asked if asked in known else nearest_order(asked, known)
    if order is None:
        return f"work order {subject} does not exist; see `doit list --all`"
    rest = subject.split("/")[2:]
    if order != asked:
        return (f"work order {asked} does not exist; "
                f"did you mean {kind}:{'/'.join([*order, *rest])}?")
    if kind != TaskKind.STEP and rest:
        return f"task {name} does not exist; write {kind}:{order}"
    plan = snapshot.plan
    if order not in plan.orders and order not in plan.refused:
        message = (
            f"{order} has no tasks because it is a draft; set enabled: true, and see "
            "`consistency-validate`"
        )
        return with_warnings(snapshot, order, message)
    steps = [step.id.step_id for step in plan.orders[order].steps] if order in plan.orders else []
    return f"task {name} does not exist; {step_hint(order, '/'.join(rest), steps)}"


def no_such_word(word: str, commands: Collection[str]) -> str:
    """The error message for a word that is neither a task nor a file. `commands`: those of doit, if
    the word is in the place of one."""
    near = nearest(word, [*commands, *GROUPS])
    if commands and near not in GROUPS:
        return f"unknown command `{one_line(word)}`; " + (
            f"did you mean `{near}`?" if near else "see `doit help`")
    return (f"task or file `{one_line(word)}` does not exist; "
            f"{suggestion(word, GROUPS, _LIST)}")


def _order_meant(name: str, known: Collection[OrderId]) -> str:
    """The name of the nearest order, with the step that was named; empty if none is near."""
    try:
        named = Named.parse(name)
    except ValueError:
        return ""
    order = nearest_order(named.order, known) if named.work_order_id else None
    return str(Named(*order, named.step_id)) if order else ""


def parse_step(text: str) -> StepId:
    """Parse `step:t/o/s` or `t/o/s`. UsageError for any other text. The step need not exist."""
    with contextlib.suppress(ValueError):
        name = task_named(text)
        if name.kind is TaskKind.STEP:
            return name.step
    raise UsageError(f"{one_line(text)!r} is not a step; write TENANT/ORDER/STEP, as "
                     "`status` shows it")


def nearest_order(asked: OrderId, known: Collection[OrderId]) -> OrderId | None:
    """The most similar order of the most similar tenant; None if nothing is similar."""
    tenants = {order.tenant_id for order in known}
    tenant_id = asked.tenant_id if asked.tenant_id in tenants else nearest(asked.tenant_id, tenants)
    own = [order.work_order_id for order in known if order.tenant_id == tenant_id]
    work_order_id = (
        asked.work_order_id if asked.work_order_id in own else nearest(asked.work_order_id, own)
    )
    return OrderId(tenant_id, work_order_id) if tenant_id and work_order_id else None


def step_hint(order: OrderId, name: str, steps: Iterable[str]) -> str:
    """What to write instead of a step that the order does not contain."""
    known = list(steps)
    near = nearest(name, known)
    if near:
        return f"did you mean {TaskName(TaskKind.STEP, order, near)}?"
    return f"its steps are {', '.join(known[:12])}" if known else "see `doit run check`"
