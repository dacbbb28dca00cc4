"""The graph as doit sees it. It decides nothing: platform/doit_plugin/emit.py turns the plan into tasks."""
from pathlib import Path

import _platform_boot  # first: it makes `platform` our package beside the standard module

with _platform_boot.complete():
    from platform.app import session
    from platform.console.reporter import Reporter
    from platform.doit_plugin import emit
    from platform.doit_plugin.checker import ContentChecker

SESSION = session.start(Path(__file__).resolve().parent)

DOIT_CONFIG = {
    "default_tasks": ["check", "state", "workorder"],
    "backend": "durable",  # platform/doit_plugin/backend.py, found by entry point
    "dep_file": str(SESSION.runtime_dir / "doit.db"),
    "check_file_uptodate": ContentChecker,
    "reporter": Reporter,
    "continue": True,  # one tenant's failure never stops another's order
    "par_type": "thread",  # actions wait for child processes; `doit run -n 4`
}


def task_check():
    """Everything that was read is right: orders, modules, prices"""
    yield from emit.check(SESSION)


def task_state():
    """The billing state exists and confirmed payments are in it"""
    yield from emit.state(SESSION)


def task_charge():
    """One SPEND for all of an order's steps that are not yet paid"""
    yield from emit.charge(SESSION)


def task_step():
    """One step of an order, run when its inputs, its code or its outputs changed"""
    yield from emit.step(SESSION)


def task_workorder():
    """An order: settled, its final status printed"""
    yield from emit.workorder(SESSION)


def task_publish():
    """What an order bought, in its release (`doit run publish`; never by itself)"""
    yield from emit.publish(SESSION)


def task_maintenance():
    """Derived files: maintenance-state/ and choices in workflows (git keeps them; `maintenance --check` holds them)"""
    yield from emit.maintenance(SESSION)


def task__settle():
    """What `doit run step:...` ends with: refunds for what failed, and the exit status"""
    yield from emit.settle(SESSION)
