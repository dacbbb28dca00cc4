"""Who claims an attempt at a delivery, so that another runner, or a later one, can tell whether it is still at it.

A process is known by host, boot, PID namespace, PID and the time at which it started. Whether it lives can only be told
in its own boot and PID namespace; from anywhere else its claim is good until it expires.
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
    """The claimant that this process is."""
    return {**_place(), "pid": os.getpid(), "started": _started(os.getpid())}


def is_ours(claimant: Mapping[str, Any]) -> bool:
    return dict(claimant) == this_process()


def is_dead(claimant: Mapping[str, Any]) -> bool:
    """Whether the claimant's process certainly does not live any more; False where that cannot be told."""
    ours = _place()
    if not all(ours[name] and claimant.get(name) == ours[name] for name in _SAME_PLACE):
        return False
    pid, started = claimant.get("pid"), claimant.get("started")
    return isinstance(pid, int) and bool(started) and _started(pid) != started


def in_words(claimant: Mapping[str, Any]) -> str:
    return f"{claimant.get('host') or 'an unknown host'}, process {claimant.get('pid', 'unknown')}"


def _started(pid: int) -> str:
    """When a process started, in ticks since the boot; empty when there is none."""
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
