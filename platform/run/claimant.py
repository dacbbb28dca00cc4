"""The process that claims a delivery attempt, so that other runners know whether it still runs.

A process is identified by host, boot, PID namespace, PID and start time. Only a process in the same
boot and PID namespace can check whether it is alive. For all others, its claim is valid until it
expires.
"""
import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_SAME_PLACE = ("boot", "namespace")


@cache
def _place() -> dict[str, str]:
    return {"host": socket.gethostname(), "boot": _read("/proc/sys/kernel/random/boot_id"),
            "namespace": _link("/proc/self/ns/pid")}


def this_process() -> dict[str, Any]:
    """This process as a claimant."""
    return {**_place(), "pid": os.getpid(), "started": _started(os.getpid())}


def is_ours(claimant: Mapping[str, Any]) -> bool:
    """Whether the claimant is this process."""
    return dict(claimant) == this_process()


def is_dead(claimant: Mapping[str, Any]) -> bool:
    """Whether the claimant's process has certainly ended; False if this cannot be checked."""
    ours = _place()
    if not all(ours[name] and claimant.get(name) == ours[name] for name in _SAME_PLACE):
        return False
    pid, started = claimant.get("pid"), claimant.get("started")
    return isinstance(pid, int) and bool(started) and _started(pid) != started


def described(claimant: Mapping[str, Any]) -> str:
    """The claimant in words, for a message."""
    return f"{claimant.get('host') or 'an unknown host'}, process {claimant.get('pid', 'unknown')}"


def _started(pid: int) -> str:
    """When a process started, in ticks since the boot; empty if the process does not exist."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in ("Z", "X") else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
