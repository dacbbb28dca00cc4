"""What this machine provides for steps, determined once per process."""
import functools
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from platform.model.profile import Profile
from platform.run import run_cgroups
from platform.run.sandbox import Isolation, Machine, isolation, probe
from platform.run.seccomp import program

_PROBE_TIMEOUT_S = 10


@functools.cache
def this_machine() -> Machine:
    """Python, the directories of packages, and bubblewrap if it is installed and can create
    namespaces, which containers often forbid."""
    import site

    prefixes = tuple(dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix)))
    packages = tuple(folder for folder in site.getsitepackages() if Path(folder).is_dir())
    bwrap, lacking = _bubblewrap()
    return Machine(sys.executable, prefixes, packages, bwrap, lacking, *_filter())


def _filter() -> tuple[bytes, str]:
    """(the filter of system calls, "") or (b"", the reason why it is not available)."""
    kind = os.uname().machine
    try:
        actions = set(Path("/proc/sys/kernel/seccomp/actions_avail").read_text().split())
    except OSError:
        actions = set()
    if not actions >= {"errno", "kill_process"}:
        return b"", "this kernel has no seccomp filters"
    if find_spec("_ctypes") is None:
        return b"", "this Python is built without _ctypes"
    found = program(kind)
    return found, "" if found else f"there is no table of system calls for {kind}"


def isolation_here(profile: Profile, *, network: bool) -> Isolation:
    """The isolation of a step on this machine. The first call creates the run's cgroup.
    ForbiddenError if the profile requires an isolation that is not available."""
    wanted = profile.limits.enforce != "process"
    found = run_cgroups.this_run() if wanted else run_cgroups.RunCgroups("", ())
    return isolation(profile, this_machine(), network, found.version, found.lacking)


def _bubblewrap() -> tuple[str, str]:
    """(program, "") or ("", the reason why it is not available)."""
    import subprocess

    program = shutil.which("bwrap")
    if program is None:
        return "", "bubblewrap is not installed"
    try:
        tried = subprocess.run(
            probe(program), capture_output=True, check=False, timeout=_PROBE_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"bubblewrap does not work here ({type(error).__name__})"
    if tried.returncode == 0:
        return program, ""
    said = tried.stderr.decode(errors="replace").strip().splitlines()
    return (
        "",
        f"bubblewrap does not work here ({said[-1] if said else f'status {tried.returncode}'})",
    )


def tasks_of_user() -> int:
    """The number of this user's processes and threads, all of which RLIMIT_NPROC counts. Zero for
    root, whom the kernel does not limit."""
    user, count = os.getuid(), 0
    if user == 0:
        return 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                count += (
                    Path(entry.path, "task").stat().st_nlink - 2
                    if entry.stat().st_uid == user
                    else 0
                )
            except OSError:
                continue  # it has just ended
    return count
