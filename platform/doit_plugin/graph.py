"""The graph of one run, as doit's task creators: what dodo.py would hold if it were written by
hand."""
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from platform.app.run import Run
from platform.doit_plugin import emit
from platform.model.ids import OrderId

DEFAULT_TASKS = ["check", "state", "workorder"]


def creators(
    run: Run, asked_steps: Mapping[OrderId, list[str]]
) -> dict[str, Callable[[], Iterator[emit.Task]]]:
    """Functions `task_<name>` for doit, in the order in which doit lists them. A function's
    docstring is what `doit list` prints of its tasks.

    Args:
        asked_steps: the steps that are asked for without their order, by order.
    """

    def task_check() -> Iterator[emit.Task]:
        """Everything that was read is right: orders, modules, prices"""
        yield from emit.check_tasks(run)

    def task_state() -> Iterator[emit.Task]:
        """The billing state exists and confirmed payments are in it"""
        yield from emit.state_tasks(run)

    def task_charge() -> Iterator[emit.Task]:
        """One SPEND for all of an order's steps that are not yet paid"""
        yield from emit.charge_tasks(run)

    def task_step() -> Iterator[emit.Task]:
        """One step of an order, run when its inputs, its code or its outputs changed"""
        yield from emit.step_tasks(run)

    def task_workorder() -> Iterator[emit.Task]:
        """An order: settled, its final status printed"""
        yield from emit.workorder_tasks(run)

    def task_publish() -> Iterator[emit.Task]:
        """What an order bought, in its release (`doit run publish`; never by itself)"""
        yield from emit.publish_tasks(run)

    def task_maintenance() -> Iterator[emit.Task]:
        """Derived files: maintenance-state/ and choices in workflows (in git; `maintenance
        --check` compares)"""
        yield from emit.maintenance_tasks(run)

    def task__settle() -> Iterator[emit.Task]:
        """What `doit run step:...` ends with: refunds for what failed, and the exit status"""
        yield from emit.settle_tasks(run, asked_steps)

    made: list[Any] = [
        task_check,
        task_state,
        task_charge,
        task_step,
        task_workorder,
        task_publish,
        task_maintenance,
        task__settle,
    ]
    return {creator.__name__: creator for creator in made}
