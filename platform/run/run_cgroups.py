"""The control groups of one run: a group for the run, which contains a group for each running step.

    <own group>/platform-<pid>-<n>/    the run's group, locked until the run ends
        step-<n>/                      one step's limits; its child enters before the module runs

A killed run leaves its groups, but the kernel releases its lock. The next run checks the lock, then
kills the processes in these groups and removes the groups.
"""

import atexit
import contextlib
import functools
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platform import flock
from platform.model.profile import Limits
from platform.run import cgroup
from platform.run.cgroup import CONTROLLERS
from platform.run.killing import empty, remove
from platform.run.scope import enable, prepared, scope

__all__ = ["RunCgroups", "StepCgroup", "made", "prepared", "remove_left", "scope", "this_run"]

_PREFIX = "platform-"
_number = itertools.count()


@dataclass(frozen=True, slots=True)
class StepCgroup:
    """A step's group, in each hierarchy that limits something. A process enters it by writing 0 to
    each of `handles`."""

    version: str
    folders: tuple[Path, ...]
    handles: tuple[int, ...]

    def kill(self) -> None:
        """Kill all processes in the group, including those that left the process group, and wait
        until they have ended."""
        for folder in self.folders:
            empty(folder)

    def oom_kills(self) -> int:
        """The number of its processes that the kernel killed for memory."""
        for name in ("memory.events", "memory.oom_control"):
            with contextlib.suppress(OSError):
                return cgroup.oom_kills((self.folders[0] / name).read_text())
        return 0


@dataclass(frozen=True, slots=True)
class RunCgroups:
    """A run's groups. `version` is v2 or v1. If it is empty, there are no groups, and `lacking`
    says why."""

    version: str
    folders: tuple[Path, ...]  # memory first
    lacking: str = ""
    locks: tuple[int, ...] = ()

    @contextlib.contextmanager
    def step(self, limits: Limits) -> Iterator[StepCgroup]:
        """A group with these limits for one child. At the end, all its processes are killed.
        OSError if it cannot be created."""
        name = f"step-{next(_number)}"
        folders = tuple(folder / name for folder in self.folders)
        handles: list[int] = []
        try:
            for folder in folders:
                folder.mkdir()
                _limit(self.version, folder, limits)
                handles.append(
                    os.open(folder / cgroup.JOIN[self.version], os.O_WRONLY | os.O_CLOEXEC)
                )
            yield StepCgroup(self.version, folders, tuple(handles))
        finally:
            for handle in handles:
                os.close(handle)
            for folder in folders:
                remove(folder)

    def close(self) -> None:
        """Remove the run's groups."""
        for folder in self.folders:
            remove(folder)
        for lock in self.locks:
            os.close(lock)


@functools.cache
def this_run() -> RunCgroups:
    """This process's groups. They are created by the first call and removed when the process ends.
    Groups of killed runs are removed, too."""
    try:
        found = _open()
    except OSError as error:
        return RunCgroups(
            "", (), f"this user may not make groups below {error.filename} ({error.strerror})"
        )
    owner = os.getpid()
    # not in a fork of this process
    atexit.register(lambda: found.close() if os.getpid() == owner else None)
    return found


def _open() -> RunCgroups:
    places = cgroup.homes(_text("/proc/self/cgroup"), _text("/proc/self/mountinfo"))
    if places.keys() >= CONTROLLERS:
        return _run_cgroups("v1", (places["memory"], places["pids"]))
    if lacking := cgroup.lacking_controllers(places):
        return RunCgroups("", (), lacking)
    lacking = prepared(places["v2"], os.getpid())
    if lacking:
        lacking = scope(f"{_PREFIX}{os.getpid()}", os.getpid(), root=os.getuid() == 0)
        if lacking:
            return RunCgroups("", (), lacking)
        home = cgroup.homes(_text("/proc/self/cgroup"), _text("/proc/self/mountinfo")).get(
            "v2", places["v2"]
        )
        if lacking := prepared(home, os.getpid()):
            return RunCgroups("", (), lacking)
        remove_left_of_scopes(home)
        places["v2"] = home
    found = _run_cgroups("v2", (places["v2"],))
    enable(found.folders[0])
    return found


def _run_cgroups(version: str, homes: tuple[Path, ...]) -> RunCgroups:
    """The run's group in each hierarchy, locked."""
    folders: list[Path] = []
    locks: list[int] = []
    for home in homes:
        remove_left(home)
        folder, lock = _locked(home)
        folders.append(folder)
        locks.append(lock)
    return RunCgroups(version, tuple(folders), "", tuple(locks))


def _locked(home: Path) -> tuple[Path, int]:
    """A new group and its lock. If another run removes the group before it is locked, it is created
    again."""
    while True:
        folder = made(home)
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        with contextlib.suppress(OSError):
            if flock.take_now(lock) and os.path.samestat(os.fstat(lock), folder.stat()):
                return folder, lock
        os.close(lock)


def made(home: Path) -> Path:
    """A new group in another group, with a unique name."""
    folder = home / f"{_PREFIX}{os.getpid()}-{next(_number)}"
    folder.mkdir()
    return folder


def remove_left(home: Path) -> None:
    """Remove the groups in `home` whose run has ended, and kill the processes that are still in
    them."""
    for folder in home.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue  # another run was faster, or it is another user's
        try:
            if flock.take_now(lock):
                remove(folder)
        except OSError:
            continue  # one of its members cannot be killed
        finally:
            os.close(lock)


def remove_left_of_scopes(mine: Path) -> None:
    """Remove the groups of killed runs in scopes next to `mine`. Systemd then removes a scope
    without processes."""
    for scope_ in mine.parent.glob(f"{_PREFIX}*.scope"):
        remove_left(scope_)


def _limit(version: str, folder: Path, limits: Limits) -> None:
    """Write the limits. OSError if a required limit is refused."""
    for name, value, needed in cgroup.settings(version, _controllers(version, folder), limits):
        try:
            (folder / name).write_text(value)
        except FileNotFoundError:
            if needed:
                raise


def _controllers(version: str, folder: Path) -> frozenset[str]:
    """The controllers of a group: both with version 2, one per hierarchy with version 1."""
    if version == "v2":
        return CONTROLLERS
    return frozenset({"memory"} if (folder / "memory.limit_in_bytes").exists() else {"pids"})


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
