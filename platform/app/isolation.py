"""Check, before anything is charged, how the run's steps are isolated from the machine."""

from collections.abc import Iterable, Mapping
from typing import Any

from platform.app.run import Run
from platform.model.task_name import TaskKind, kind_of
from platform.run.machine import isolation_here, this_machine
from platform.run.sandbox import bubblewrapped, why_plain


def before_steps(run: Run, tasks: Mapping[str, Any], selected: Iterable[str]) -> str:
    """A warning if the run's steps run as plain processes; otherwise an empty text.

    ForbiddenError if this machine lacks an isolation that the profile requires. A run without steps
    is not checked."""
    if not any(kind_of(name) is TaskKind.STEP for name in closure(tasks, selected)):
        return ""
    if run.workspace.profile.limits.enforce == "cgroup":
        # This creates the run's cgroup now, not in the first step.
        isolation_here(run.workspace.profile, network=False)
    machine = this_machine()
    if bubblewrapped(run.workspace.profile.sandbox, machine):
        return ""
    return (
        "warning      steps run as plain processes, with all of this user's read and write "
        f"permissions ({why_plain(run.workspace.profile.sandbox, machine)}); see `doctor`"
    )


def closure(tasks: Mapping[str, Any], selected: Iterable[str]) -> set[str]:
    """The selected tasks and every task that they depend on."""
    found: set[str] = set()
    waiting = [name for name in selected if name in tasks]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [below for below in tasks[name].task_dep if below in tasks]
    return found
