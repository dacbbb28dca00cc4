"""The plan as doit tasks. Cheap and linear: values become dicts, nothing is read here but what the session has read.

    check     state -> charge:t/o -> step:t/o/s ... -> workorder:t/o
                                        step:... asked for alone -> _settle:t/o
                                        step:... -> publish:t/o, asked for with its order

A step's file dependencies are its module's files and its assets; what it takes from other steps is compared by
content in its up-to-date check, so that an upstream step that ran again and made the same bytes stops the wave here.
"""
import functools
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from platform.app.order_record import order_file
from platform.app.session import Session
from platform.confined import kind_at
from platform.doit_plugin import actions, uptodate
from platform.doit_plugin.told import Told
from platform.maintain.files import LISTED, MANIFEST, derived, file_of, sources
from platform.maintain.tables import TABLES
from platform.model.ids import OrderId, StepId
from platform.model.order import bindings_in
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.words import counted, in_credits
from platform.plan.period import in_words
from platform.run.records import record_file, step_dir

Task = dict[str, Any]


def check(session: Session) -> Iterator[Task]:
    """One task for all that was read."""
    yield {"basename": "check", "actions": [actions.check], "uptodate": [uptodate.no_problems],
           "doc": "Everything that was read is right: orders, modules, prices", "io": {"capture": False}}


def state(session: Session) -> Iterator[Task]:
    """The billing state, made and reconciled with the confirmed payments."""
    yield {"basename": "state", "actions": [actions.state], "uptodate": [uptodate.state_is_current],
           "doc": "The billing state exists and confirmed payments are in it", "io": {"capture": False}}


def charge(session: Session) -> Iterator[Task]:
    """`charge:<tenant>/<order>`."""
    for order in session.plan.orders.values():
        yield {"name": str(order.id), "actions": [(actions.charge, [order.id])], "task_dep": ["state"],
               "uptodate": [Told(uptodate.is_paid, (order.id,), f"charge:{order.id}")], "io": {"capture": False},
               "doc": f"{in_credits(order.total_credits)} for {counted(len(order.steps), 'step')}, once"}


def step(session: Session) -> Iterator[Task]:
    """`step:<tenant>/<order>/<step>`, and those of refused orders, which say what is wrong with them."""
    module_files: dict[str, list[str]] = {}
    for order in session.plan.orders.values():
        for planned in order.steps:
            module_id = planned.contract.module_id
            if module_id not in module_files:
                files = session.repo.module_files[module_id]
                module_files[module_id] = [f"modules/{module_id}/{below}" for below in files]
            yield _step(session, order, planned, module_files[module_id])
    for order_id in session.plan.refused:
        refused = session.repo.orders.get(order_id)
        for name in dict.fromkeys(step.step_id for step in refused.steps) if refused else ():
            yield _refused(StepId(*order_id, name), order_id, "invalid input, see `doit run check`")


def _step(session: Session, order: PlannedOrder, planned: PlannedStep, module_files: list[str]) -> Task:
    before = [f"step:{StepId(*order.id, name)}" for name in planned.upstream]
    assets = [session.shown(session.context.assets[planned.id.tenant_id, binding.asset])
              for _, binding in bindings_in(planned.params) if binding.asset]
    return {
        "name": str(planned.id), "actions": [(actions.step, [planned.id])], "task_dep": [f"charge:{order.id}", *before],
        "file_dep": [*module_files, *assets], "targets": [session.shown(record_file(session.runtime_dir, planned.id))],
        "uptodate": [Told(uptodate.is_done, (planned.id,), f"step:{planned.id}")], "io": {"capture": False},
        "clean": [(actions.clean_folder, [session.shown(step_dir(session.runtime_dir, planned.id))])],
        "doc": f"{planned.contract.module_id} ({planned.kind}), {in_credits(planned.total_credits)}",
        "meta": {"task_hash": planned.task_hash, "module_version": planned.contract.version},
    }


def workorder(session: Session) -> Iterator[Task]:
    """`workorder:<tenant>/<order>`: settles when every step has ended, and is the task that fails."""
    for order in session.plan.orders.values():
        yield {"name": str(order.id), "actions": [(actions.workorder, [order.id])],
               "task_dep": [f"charge:{order.id}", *(f"step:{planned.id}" for planned in order.steps)],
               "uptodate": [Told(uptodate.is_settled, (order.id,), f"workorder:{order.id}")], "io": {"capture": False},
               "targets": [session.shown(order_file(session.runtime_dir, order.id))],
               "clean": [(actions.clean_folder, [session.shown(session.runtime_dir.joinpath(*order.id))])],
               "doc": _order_doc(order)}
    for order_id in session.plan.refused:
        yield _refused(order_id, order_id, "invalid input, see `doit run check`")


def _order_doc(order: PlannedOrder) -> str:
    title = str(order.order.metadata.get("title") or f"{order.mode} order, {counted(len(order.steps), 'step')}")
    return "; ".join(part for part in (title, in_words(order.period, order.next_period)) if part)


def settle(session: Session) -> Iterator[Task]:
    """`_settle:<tenant>/<order>`: what the loader adds when steps are asked for without their order."""
    for order_id, names in session.asked_steps.items():
        yield {"name": str(order_id), "actions": [(actions.settle_steps, [order_id, names])],
               "task_dep": [f"step:{StepId(*order_id, name)}" for name in names], "io": {"capture": False},
               "doc": "Refunds for what failed, and the exit status"}


def publish(session: Session) -> Iterator[Task]:
    """`publish:<tenant>/<order>`: after the order's steps, whatever became of them. It cannot depend on `workorder:`,
    for doit runs nothing below a task that failed, and what a partial order bought and made is published all the same;
    the loader asks for the order with it, which settles and gives the exit status. Never part of a plain `doit run`."""
    for order in session.plan.orders.values():
        yield {"name": str(order.id), "actions": [(actions.publish, [order.id])],
               "task_dep": [f"charge:{order.id}", *(f"step:{planned.id}" for planned in order.steps)],
               "uptodate": [Told(uptodate.is_published, (order.id,), f"publish:{order.id}")], "io": {"capture": False},
               "doc": "What it bought, packed and put into its release, once"}
    for order_id in session.plan.refused:
        yield _refused(order_id, order_id, "invalid input, see `doit run check`")


def maintenance(session: Session) -> Iterator[Task]:
    """`maintenance:<table>`, `maintenance:workflows/<file>`: each depends on the files that it is made of, and on no
    others. A command about some orders cannot run them, and does not look for those files."""
    if session.only is not None:
        return
    root = session.root
    files_of = functools.cache(partial(_files, root))
    for name in derived(root):
        if name == MANIFEST:
            files = [file_of(listed) for listed in LISTED]
        else:
            files = [file for pattern in sources(root, name) for file in files_of(pattern)]
        code = _code(session) if name in TABLES and TABLES[name].code else []
        yield {"name": name, "actions": [(actions.maintain, [name])], "file_dep": list(dict.fromkeys([*files, *code])),
               "targets": [file_of(name)], "uptodate": [(uptodate.file_is_right, [name])], "doc": file_of(name),
               "io": {"capture": False}}


def _files(root: Path, pattern: str) -> list[str]:
    """Files that a pattern names; links are none, nor is what is behind one."""
    return sorted(str(path.relative_to(root)) for path in root.glob(pattern) if kind_at(path) == "file")


def _code(session: Session) -> list[str]:
    """What counts as code of all modules, relative to the root: the same files that run records digest."""
    return [f"modules/{module_id}/{below}" for module_id, files in sorted(session.repo.module_files.items())
            for below in files]


def _refused(name: OrderId | StepId, order_id: OrderId, doc: str) -> Task:
    return {"name": str(name), "actions": [(actions.refused, [order_id])], "doc": doc, "io": {"capture": False}}
