"""Parse the kernel's files about control groups: this process's groups, and the names of the
limits.
Pure.

Version 2 has one hierarchy with all controllers. Version 1 has one hierarchy for each controller;
memory and pids are used. A machine may have both versions, but each controller belongs to one.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from platform.model.profile import Limits

CONTROLLERS = frozenset({"memory", "pids"})
# A process moves itself by writing 0 to this file. With version 1, `tasks` moves a single thread
# at no cost, while `cgroup.procs` waits 5 to 20 ms for every processor.
JOIN = {"v2": "cgroup.procs", "v1": "tasks"}
_OOM_KILL = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
_OCTAL = re.compile(r"\\([0-7]{3})")


def homes(own: str, mounts: str) -> dict[str, Path]:
    """This process's group in each mounted hierarchy, by `v2`, `memory` and `pids`.

    `own` is /proc/self/cgroup, `mounts` is /proc/self/mountinfo. A group outside the mounted part
    of its hierarchy is omitted.
    """
    paths = {
        name: path for line in own.splitlines() for names, path in [_own(line)] for name in names
    }
    return {
        name: Path(point, inside)
        for name, root, point in _mounts(mounts)
        if (inside := _below(paths.get(name, ""), root)) is not None
    }


def _own(line: str) -> tuple[list[str], str]:
    """`4:memory:/one` -> (["memory"], "/one"); version 2 has no names and becomes `v2`."""
    _, _, rest = line.partition(":")
    names, _, path = rest.partition(":")
    return names.split(",") if names else ["v2"], path


def _mounts(text: str) -> Iterator[tuple[str, str, str]]:
    """(controller or v2, root inside the hierarchy, mount point) of each hierarchy."""
    for line in text.splitlines():
        place, _, kind = line.partition(" - ")
        fields, kinds = place.split(" "), kind.split(" ")
        if len(fields) < 5 or kinds[0] not in ("cgroup", "cgroup2"):
            continue
        root, point = (
            _OCTAL.sub(lambda found: chr(int(found[1], 8)), field) for field in fields[3:5]
        )
        for name in (
            ("v2",) if kinds[0] == "cgroup2" else sorted(CONTROLLERS & set(kinds[-1].split(",")))
        ):
            yield name, root, point


def _below(path: str, root: str) -> str | None:
    """`path` relative to the mounted `root`; None if it is outside."""
    inside = path.removeprefix(root.rstrip("/"))
    if (
        not path.startswith(root.rstrip("/"))
        or inside[:1] not in ("", "/")
        or ".." in path.split("/")
        or not path
    ):
        return None
    return inside.strip("/")


def settings(
    version: str, controllers: Collection[str], limits: Limits
) -> Iterator[tuple[str, str, bool]]:
    """The files to write for `limits`, in order: the file, its text, and whether the file must
    exist.

    Swap counts as memory. With version 2, if a step needs too much memory, the kernel kills all its
    processes.
    """
    memory = str(limits.memory_mb << 20)
    if "memory" in controllers and limits.memory_mb:
        if version == "v2":
            yield "memory.max", memory, True
            yield "memory.swap.max", "0", False
            yield "memory.oom.group", "1", False
        else:
            yield "memory.limit_in_bytes", memory, True
            yield "memory.memsw.limit_in_bytes", memory, False  # absent without swap accounting
    if "pids" in controllers and limits.processes:
        yield "pids.max", str(limits.processes), True


def oom_kills(events: str) -> int:
    """The number of processes killed for memory, from memory.events (version 2) or
    memory.oom_control (version 1)."""
    found = _OOM_KILL.search(events)
    return int(found[1]) if found else 0


def lacking_controllers(available: Mapping[str, Path]) -> str:
    """Why memory and processes cannot be limited; empty if they can."""
    if available.keys() >= CONTROLLERS or "v2" in available:
        return ""
    return "no cgroup hierarchy with memory and pids is mounted"
