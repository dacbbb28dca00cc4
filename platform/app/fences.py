"""What a run says and demands before anything is charged: how its steps are shut off from the rest of the machine."""

from collections.abc import Iterable, Mapping
from typing import Any

from platform.app.run import Run
from platform.model.task_name import TaskKind, kind_of
from platform.run.machine import isolation_here, this_machine
from platform.run.sandbox import bubblewrapped, why_plain


def before_steps(run: Run, tasks: Mapping[str, Any], selected: Iterable[str]) -> str:
    """The line for a run whose steps are plain processes, or nothing. ForbiddenError when the profile demands what is
    not here; a run without steps is not asked."""
    if not any(kind_of(name) is TaskKind.STEP for name in closure(tasks, selected)):
        return ""
    if run.workspace.profile.limits.enforce == "cgroup":
        isolation_here(run.workspace.profile, network=False)  # makes the run's cgroup; else the first step does
    machine = this_machine()
    if bubblewrapped(run.workspace.profile.sandbox, machine):
        return ""
    return (
        "warning      steps run as plain processes, which can read and write what this user can "
        f"({why_plain(run.workspace.profile.sandbox, machine)}); `doctor` says more"
    )


def closure(tasks: Mapping[str, Any], selected: Iterable[str]) -> set[str]:
    """The tasks asked for and all that they depend on."""
    found: set[str] = set()
    waiting = [name for name in selected if name in tasks]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [below for below in tasks[name].task_dep if below in tasks]
    return found
