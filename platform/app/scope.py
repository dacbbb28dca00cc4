"""The orders that a read-only command selects, and the errors for names that do not exist."""
import errno
import os
from collections.abc import Collection
from pathlib import Path

from platform.app.order_record import order_dir, order_file
from platform.app.run import Run
from platform.app.snapshot import Scope, Snapshot
from platform.app.workspace import Workspace
from platform.check.words import suggestion
from platform.config.folders import hidden, tenant_names
from platform.errors import InputError, StorageError, UsageError, unusable
from platform.model.characters import one_line
from platform.model.ids import STEP, TENANT, WORK_ORDER, OrderId, StepId, matches
from platform.model.named import Named
from platform.model.plan import PlannedOrder
from platform.run.records import RECORD, record_file


def scope_of(
    workspace: Workspace, tenant_id: str = "", work_order_id: str = "", *, past: bool = False
) -> Scope | None:
    """The orders that a tenant id and a work order id select. An empty id means all.

    `past`: also accept an order that ran on this machine and was deleted.

    Raises:
        UsageError: an id does not exist, or an order is given without its tenant.
        InputError: a symbolic link hides the tenant's orders, including the requested one.
    """
    if not tenant_id:
        if work_order_id:
            raise UsageError("--work-order-id needs --tenant-id; give both")
        return None
    tenants = set(tenant_names(workspace.root))
    own = [order for order in workspace.order_ids() if order.tenant_id == tenant_id]
    if past:
        own = list(dict.fromkeys([*own, *ran_orders(workspace, [tenant_id])]))
        tenants |= {order.tenant_id for order in own}
    if tenant_id not in tenants:
        raise UsageError(_no_tenant(workspace, tenant_id, work_order_id, tenants))
    order_id = OrderId(tenant_id, work_order_id)
    if work_order_id and order_id not in own:
        if wrong := hidden(workspace.root, tenant_id):
            raise InputError(wrong)
        names = [order.work_order_id for order in own]
        raise UsageError(
            f"{one_line(str(order_id))}: no such work order; "
            f"{suggestion(work_order_id, names, 'see workorders/')}"
        )
    return frozenset([order_id] if work_order_id else own)


def _no_tenant(
    workspace: Workspace, tenant_id: str, work_order_id: str, tenants: Collection[str]
) -> str:
    """The message about an unknown tenant. What was meant may be an order, without its tenant."""
    owners = [order for order in workspace.order_ids()
              if order.work_order_id.casefold() == tenant_id.casefold()]
    if len(owners) == 1 and not work_order_id:
        return f"{one_line(tenant_id)}: no such tenant; did you mean `{owners[0]}`?"
    return (f"{one_line(tenant_id)}: no such tenant; "
            f"{suggestion(tenant_id, tenants, 'see tenants/')}")


def require_step(run: Run, named: Named) -> StepId:
    """The named step. UsageError with the nearest name if its order, as its file or its runs on
    this machine have it, does not contain the step. The order must exist."""
    order = run.snapshot.repo.orders.get(named.order)
    own = [step.step_id for step in order.steps] if order else []
    if named.step_id not in own and not (
        matches(STEP, named.step_id) and run.records.newest(named.step)
    ):
        raise UsageError(
            f"step {one_line(str(named))} does not exist; "
            f"{suggestion(named.step_id, own, 'see `consistency-validate`')}")
    return named.step


def ran_orders(
    workspace: Workspace, tenant_ids: Collection[str] | None = None
) -> list[OrderId]:
    """The orders of some tenants (None: all) with an order record on this machine, including
    drafts and deleted orders. StorageError if this user may not look for them."""
    runtime_dir = workspace.runtime_dir
    return [
        OrderId(tenant, order)
        for tenant in _names(runtime_dir, TENANT)
        if tenant_ids is None or tenant in tenant_ids
        for order in _names(runtime_dir / tenant, WORK_ORDER)
        if order_file(runtime_dir, OrderId(tenant, order)).is_file()
    ]


def _names(folder: Path, form: str) -> list[str]:
    """The sorted names in a directory that are ids; none if it does not exist."""
    require_readable(folder)
    try:
        names = sorted(path.name for path in folder.iterdir() if matches(form, path.name))
    except (FileNotFoundError, NotADirectoryError):
        return []
    require_readable(*(folder / name for name in names))
    return names


def require_records(runtime_dir: Path, order: PlannedOrder) -> None:
    """StorageError if this user may not read an order's records. They read as missing, so the order
    would seem not to have run."""
    steps = [record_file(runtime_dir, step.id) for step in order.steps]
    require_readable(runtime_dir, runtime_dir / order.id.tenant_id,
                     order_dir(runtime_dir, order.id), order_file(runtime_dir, order.id),
                     *(path for file in steps for path in (file.parent, file)))


def require_readable(*paths: Path) -> None:
    """StorageError for the first file or directory that exists and that this user may not read."""
    for path in paths:
        needed = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
        if os.access(path, os.F_OK) and not os.access(path, needed):
            raise StorageError(unusable(
                PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))))


def ran_steps(runtime_dir: Path, order_id: OrderId) -> list[StepId]:
    """The steps of an order with a run record on this machine, sorted by name."""
    return [StepId(*order_id, file.parent.name)
            for file in sorted(runtime_dir.joinpath(*order_id).glob(f"*/{RECORD}"))
            if matches(STEP, file.parent.name)]


def scheduled(snapshot: Snapshot) -> tuple[OrderId, ...]:
    """The snapshot's orders that a clock starts: the enabled orders with a schedule, and the
    unreadable orders, so that the run prints their errors."""
    return (
        *(
            order.id
            for order in snapshot.repo.orders.values()
            if order.enabled and order.schedule_cron
        ),
        *snapshot.repo.unreadable,
    )


def require_planned(snapshot: Snapshot, order_id: OrderId) -> None:
    """UsageError if the requested order is a draft, because a draft does not run."""
    if order_id not in snapshot.plan.orders and order_id not in snapshot.plan.refused:
        message = f"{order_id}: is a draft and does not run; set enabled: true, or remove the field"
        raise UsageError(with_warnings(snapshot, order_id, message))


def with_warnings(snapshot: Snapshot, draft: OrderId, message: str) -> str:
    """The warnings about a draft, followed by a message about it. Runs do not print such
    warnings."""
    about = ("order", *draft)
    return "\n".join(
        [*(str(problem) for problem in snapshot.problems if problem.subject == about), message]
    )
