"""A version 2 group in which this process can create groups: its own group, or a scope from
systemd.

The kernel gives controllers to a group's children only if the group itself contains no process. So
this process moves one level down, but only if it is alone: other processes are never moved.
"""

import os
import time
from pathlib import Path

from platform.run.cgroup import CONTROLLERS

_TIMEOUT_S = 5
_INNER = "main"  # for this process; the next run removes groups with a run's name


def prepared(home: Path, pid: int) -> str:
    """Ensure that groups in `home` can limit memory and processes. Return the reason if they
    cannot; empty if they can."""
    try:
        enabled = set((home / "cgroup.subtree_control").read_text().split())
        if enabled >= CONTROLLERS:
            return "" if _may_make_groups(home) else f"this user may not make groups below {home}"
        if not set((home / "cgroup.controllers").read_text().split()) >= CONTROLLERS:
            return f"{home} has no {' and '.join(sorted(CONTROLLERS))} controllers"
        members = {int(word) for word in (home / "cgroup.procs").read_text().split()}
        if members - {pid}:
            return f"other processes are in {home}"
        if members:
            inner = home / _INNER
            inner.mkdir(exist_ok=True)
            (inner / "cgroup.procs").write_text(str(pid))
        enable(home)
    except OSError as error:
        return f"this user may not make groups below {home} ({error.strerror})"
    return ""


def enable(home: Path) -> None:
    """Enable limits of memory and processes for the groups in `home`. OSError if the kernel
    refuses."""
    (home / "cgroup.subtree_control").write_text(
        " ".join(f"+{name}" for name in sorted(CONTROLLERS))
    )


def _may_make_groups(home: Path) -> bool:
    return os.access(home, os.W_OK) and os.access(home / "cgroup.procs", os.W_OK)


def scope(name: str, pid: int, *, root: bool) -> str:
    """Have systemd move the process `pid` into its own delegated scope. Return the reason if this
    fails; otherwise empty.

    This is the request of `systemd-run --scope`, for a process that already runs, once per run.
    """
    import subprocess  # only runs that start steps need it

    command = [
        "busctl",
        "--system" if root else "--user",
        "--quiet",
        "call",
        "org.freedesktop.systemd1",
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "StartTransientUnit",
        "ssa(sv)a(sa(sv))",
        f"{name}.scope",
        "fail",
        "3",
        "PIDs",
        "au",
        "1",
        str(pid),
        "Delegate",
        "b",
        "true",
        "CollectMode",
        "s",
        "inactive-or-failed",
        "0",
    ]
    try:
        asked = subprocess.run(
            command, capture_output=True, check=False, timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"systemd gives no scope ({type(error).__name__})"
    if asked.returncode:
        said = asked.stderr.decode(errors="replace").strip().splitlines()
        return f"systemd gives no scope ({said[-1] if said else f'status {asked.returncode}'})"
    return _arrived(name, pid)


def _arrived(name: str, pid: int) -> str:
    """Wait until the process is in its scope, because systemd answers before it moves the
    process."""
    deadline = time.monotonic() + _TIMEOUT_S
    while f"/{name}.scope" not in Path(f"/proc/{pid}/cgroup").read_text():
        if time.monotonic() > deadline:
            return "systemd gives no scope (it did not move this process)"
        time.sleep(0.005)
    return ""
