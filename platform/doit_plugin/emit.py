"""The plan as doit tasks. Cheap and linear: values become dicts, and no file is read that the run
has not read.

    check     state -> charge:t/o -> step:t/o/s ... -> workorder:t/o
                                        step:... asked for alone -> _settle:t/o
                                        step:... -> publish:t/o, asked for with its order

A step's file dependencies are its module's files and its assets. Its up-to-date check compares the
bytes that it takes from other steps. When an upstream step runs again and writes the same bytes,
the steps below it do not run.
"""
import functools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from platform.app.order_record import order_file
from platform.app.run import Run
from platform.confined import kind_at
from platform.doit_plugin import actions, uptodate
from platform.doit_plugin.explained import Explained
from platform.maintain.files import LISTED, MANIFEST, derived, file_of, outside, sources
from platform.maintain.tables import TABLES
from platform.model.ids import OrderId, StepId
from platform.model.order import bindings_in
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.task_name import TaskKind, TaskName, order_task, step_task
from platform.model.words import counted, in_credits
from platform.plan.period import in_words
from platform.run.records import record_file, step_dir

Task = dict[str, Any]


def check_tasks(run: Run) -> Iterator[Task]:
    """One task for all that was read."""
    yield {
        "basename": "check",
        **_doing(run, actions.check),
        "uptodate": [partial(uptodate.no_problems, run)],
        "doc": "Everything that was read is right: orders, modules, prices",
    }


def state_tasks(run: Run) -> Iterator[Task]:
    """The billing state, created and reconciled with the confirmed payments."""
    yield {
        "basename": "state",
        **_doing(run, actions.state),
        "uptodate": [partial(uptodate.state_is_current, run)],
        "doc": "The billing state exists and confirmed payments are in it",
    }


def charge_tasks(run: Run) -> Iterator[Task]:
    """`charge:<tenant>/<order>`."""
    for order in run.snapshot.plan.orders.values():
        yield {
            "name": str(order.id),
            **_doing(run, actions.charge, order.id),
            "task_dep": ["state"],
            "uptodate": [
                Explained(uptodate.is_paid, run, order.id, order_task(TaskKind.CHARGE, order.id))
            ],
            "doc": f"{in_credits(order.total_credits)} for {counted(len(order.steps), 'step')}, "
                   "once",
        }


def step_tasks(run: Run) -> Iterator[Task]:
    """`step:<tenant>/<order>/<step>`. The steps of a refused order print its problems."""
    repo, plan = run.snapshot.repo, run.snapshot.plan
    module_files: dict[str, list[str]] = {}
    for order in plan.orders.values():
        for planned in order.steps:
            module_id = planned.contract.module_id
            if module_id not in module_files:
                module_files[module_id] = [
                    f"{repo.module_dir(module_id)}/{below}"
                    for below in repo.module_files[module_id]
                ]
            yield _step(run, order, planned, module_files[module_id])
    for order_id in plan.refused:
        refused = repo.orders.get(order_id)
        for name in dict.fromkeys(step.step_id for step in refused.steps) if refused else ():
            yield _refused(run, StepId(*order_id, name), order_id)


def _step(run: Run, order: PlannedOrder, planned: PlannedStep, module_files: list[str]) -> Task:
    shown, runtime_dir = run.workspace.shown, run.workspace.runtime_dir
    before = [str(TaskName(TaskKind.STEP, order.id, name)) for name in planned.upstream]
    assets = [shown(run.context.assets[planned.id.tenant_id, binding.asset])
              for _, binding in bindings_in(planned.params) if binding.asset]
    return {
        "name": str(planned.id),
        **_doing(run, actions.step, planned.id),
        "task_dep": [order_task(TaskKind.CHARGE, order.id), *before],
        "file_dep": [*module_files, *assets],
        "targets": [shown(record_file(runtime_dir, planned.id))],
        "uptodate": [Explained(uptodate.is_done, run, planned.id, step_task(planned.id))],
        "clean": [(actions.clean_folder, [shown(step_dir(runtime_dir, planned.id))])],
        "doc": f"{planned.contract.module_id} ({planned.kind}), "
               f"{in_credits(planned.total_credits)}",
        "meta": {"task_hash": planned.task_hash, "module_version": planned.contract.version},
    }


def workorder_tasks(run: Run) -> Iterator[Task]:
    """`workorder:<tenant>/<order>`: settles after every step has ended. This is the task that
    fails."""
    shown, runtime_dir = run.workspace.shown, run.workspace.runtime_dir
    for order in run.snapshot.plan.orders.values():
        yield {
            "name": str(order.id),
            **_doing(run, actions.workorder, order.id),
            "task_dep": _after_steps(order),
            "uptodate": [
                Explained(
                    uptodate.is_settled, run, order.id, order_task(TaskKind.WORKORDER, order.id)
                )
            ],
            "targets": [shown(order_file(runtime_dir, order.id))],
            "clean": [(actions.clean_folder, [shown(runtime_dir.joinpath(*order.id))])],
            "doc": _order_doc(order),
        }
    for order_id in run.snapshot.plan.refused:
        yield _refused(run, order_id, order_id)


def _order_doc(order: PlannedOrder) -> str:
    title = str(
        order.order.metadata.get("title")
        or f"{order.mode} order, {counted(len(order.steps), 'step')}"
    )
    return "; ".join(part for part in (title, in_words(order.period, order.next_period)) if part)


def settle_tasks(run: Run, asked_steps: Mapping[OrderId, list[str]]) -> Iterator[Task]:
    """`_settle:<tenant>/<order>`: what the loader adds when steps are asked for without their
    order."""
    for order_id, names in asked_steps.items():
        yield {"name": str(order_id), **_doing(run, actions.settle_steps, order_id, names),
               "task_dep": [str(TaskName(TaskKind.STEP, order_id, name)) for name in names],
               "doc": "Refunds for what failed, and the exit status"}


def publish_tasks(run: Run) -> Iterator[Task]:
    """`publish:<tenant>/<order>`: after the order's steps, also when some of them failed. Never
    part of a plain `doit run`.

    It cannot depend on `workorder:`, because doit runs nothing below a failed task and a PARTIAL
    order is published too. The loader adds the order to what is requested; the order settles and
    gives the exit status.
    """
    for order in run.snapshot.plan.orders.values():
        yield {
            "name": str(order.id),
            **_doing(run, actions.publish, order.id),
            "task_dep": _after_steps(order),
            "uptodate": [
                Explained(
                    uptodate.is_published, run, order.id, order_task(TaskKind.PUBLISH, order.id)
                )
            ],
            "doc": "What it bought, packed and put into its release, once",
        }
    for order_id in run.snapshot.plan.refused:
        yield _refused(run, order_id, order_id)


def maintenance_tasks(run: Run) -> Iterator[Task]:
    """`maintenance:<table>` and `maintenance:workflows/<file>`: each depends on the files that
    it is derived from. A command about some orders cannot run them, and does not look for those
    files."""
    if run.snapshot.scope is not None:
        return
    root = run.workspace.root
    files_of = functools.cache(partial(_files, root))
    for name in derived(root):
        if name == MANIFEST:
            files = [file_of(listed) for listed in LISTED]
        else:
            patterns = sources(root, name)
            files = [file for pattern in patterns for file in files_of(pattern)]
            files += outside(patterns, run.snapshot.repo)
        code = _code(run) if name in TABLES and TABLES[name].code else []
        yield {
            "name": name,
            **_doing(run, actions.maintain, name),
            "file_dep": list(dict.fromkeys([*files, *code])),
            "targets": [file_of(name)],
            "uptodate": [(partial(uptodate.file_is_right, run), [name])],
            "doc": file_of(name),
        }


def _files(root: Path, pattern: str) -> list[str]:
    """The regular files that a pattern names; links are left out, and so is everything behind a
    link."""
    return sorted(
        str(path.relative_to(root)) for path in root.glob(pattern) if kind_at(path) == "file"
    )


def _code(run: Run) -> list[str]:
    """The files that count as code of the modules, relative to the root: those that run records
    digest."""
    repo = run.snapshot.repo
    return [
        f"{repo.module_dir(module_id)}/{below}"
        for module_id, files in sorted(repo.module_files.items())
        for below in files
    ]


def _after_steps(order: PlannedOrder) -> list[str]:
    return [
        order_task(TaskKind.CHARGE, order.id),
        *(step_task(planned.id) for planned in order.steps),
    ]


def _refused(run: Run, name: OrderId | StepId, order_id: OrderId) -> Task:
    return {
        "name": str(name),
        **_doing(run, actions.refused, order_id),
        "doc": "invalid input, see `doit run check`",
    }


def _doing(run: Run, action: Callable[..., Any], *args: Any) -> Task:
    """One action of this run. It prints nothing itself, so doit has nothing to capture."""
    return {"actions": [(partial(action, run), args)], "io": {"capture": False}}
