"""What this machine has for running steps, looked at once a process."""
import functools
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from platform.model.profile import Profile
from platform.run import fence
from platform.run.sandbox import Isolation, Machine, isolation, probe
from platform.run.seccomp import program

_PROBE_TIMEOUT_S = 10


@functools.cache
def this_machine() -> Machine:
    """Python, where packages are, and bubblewrap if it is here and may make namespaces (containers often forbid it)."""
    import site

    prefixes = tuple(dict.fromkeys((sys.base_prefix, sys.base_exec_prefix, sys.prefix)))
    packages = tuple(folder for folder in site.getsitepackages() if Path(folder).is_dir())
    bwrap, lacking = _bubblewrap()
    return Machine(sys.executable, prefixes, packages, bwrap, lacking, *_filter())


def _filter() -> tuple[bytes, str]:
    """(the filter of system calls, "") or (b"", why there is none)."""
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
    """What a step gets on this machine; the run's cgroup is made when first asked for. ForbiddenError when the profile
    demands more than there is."""
    found = fence.this_run() if profile.limits.enforce != "process" else fence.Fence("", ())
    return isolation(profile, this_machine(), network, found.version, found.lacking)


def _bubblewrap() -> tuple[str, str]:
    """(program, "") or ("", why not)."""
    import subprocess

    program = shutil.which("bwrap")
    if program is None:
        return "", "bubblewrap is not installed"
    try:
        tried = subprocess.run(probe(program), capture_output=True, check=False, timeout=_PROBE_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", f"bubblewrap does not work here ({type(error).__name__})"
    if tried.returncode == 0:
        return program, ""
    said = tried.stderr.decode(errors="replace").strip().splitlines()
    return "", f"bubblewrap does not work here ({said[-1] if said else f'status {tried.returncode}'})"


def tasks_of_user() -> int:
    """How many processes and threads this user runs now: RLIMIT_NPROC counts them all. Zero for root, whom the kernel
    never limits."""
    user, count = os.getuid(), 0
    if user == 0:
        return 0
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                count += Path(entry.path, "task").stat().st_nlink - 2 if entry.stat().st_uid == user else 0
            except OSError:
                continue  # it has ended meanwhile
    return count
