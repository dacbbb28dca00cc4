"""The isolation of steps on this machine, tested with a step that tries to break out.

It uses only the loopback interface.
"""

import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from platform.errors import PlatformError
from platform.model.profile import Limits, Profile
from platform.run import run_cgroups, worker
from platform.run.fault import Fault
from platform.run.group import Groups
from platform.run.machine import isolation_here, this_machine
from platform.verify.finding import MISSING, OK, WARNING, Finding

_TIMEOUT_S = 60
_NAMESPACES = ("ipc", "mnt", "net", "pid", "user", "uts")
_PROBE = """
import ctypes, errno, json, os, socket


def connects(family, address):
    try:
        with socket.socket(family) as client:
            client.settimeout(5)
            client.connect(address)
            return True
    except OSError:
        return False


def run(params, outputs_dir):
    libc = ctypes.CDLL(None, use_errno=True)
    traced = libc.ptrace(0, 0, 0, 0)
    found = {
        "tcp": connects(socket.AF_INET, ("127.0.0.1", params["port"])),
        "abstract": connects(socket.AF_UNIX, params["abstract"]),
        "ptrace": errno.errorcode.get(ctypes.get_errno(), "") if traced else "done",
        "groups": open("/proc/self/cgroup").read(),
        "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in params["namespaces"]},
    }
    with open(f"{outputs_dir}/found.json", "w") as file:
        json.dump(found, file)
    return {"status": "COMPLETED"}
"""


def fences(profile: Profile) -> Iterator[Finding]:
    """Bubblewrap, namespaces, the network jail, the filter of system calls, and the cgroup.

    The findings do not depend on whether the profile demands them.
    """
    machine, boxed = this_machine(), profile.sandbox == "bubblewrap"
    found, why = _tried(profile)
    yield _bubblewrap(profile, boxed)
    if not machine.bwrap:
        yield Finding("namespaces", MISSING, "steps share all of them", _PLAIN, _INSTALL, boxed)
    else:
        yield _namespaces(found, why, boxed)
    yield _jail(found, why, boxed)
    yield _filter(found, why)
    yield _cgroup(found, profile)


_PLAIN = "steps are plain processes: they can read and write what this user can (SECURITY.md)"
_INSTALL = "apt-get install bubblewrap; in a container, allow user namespaces"


def _bubblewrap(profile: Profile, required: bool) -> Finding:
    machine = this_machine()
    if not machine.bwrap:
        return Finding("bubblewrap", MISSING, machine.lacking, _PLAIN, _INSTALL, required)
    if profile.sandbox == "process":
        return Finding(
            "bubblewrap",
            WARNING,
            f"{machine.bwrap}, but the profile does not use it",
            _PLAIN,
            "set sandbox: auto or sandbox: bubblewrap in the profile",
        )
    return Finding(
        "bubblewrap", OK, f"{machine.bwrap} ({_version(machine.bwrap)})", required=required
    )


def _version(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"unknown version: {error}"
    return done.stdout.strip()


def _namespaces(found: Mapping[str, Any], why: str, required: bool) -> Finding:
    if why:
        return Finding("namespaces", MISSING, why, _PLAIN, "see the log above; report it", required)
    shared = sorted(
        name
        for name, link in found["namespaces"].items()
        if _namespace(name) == link
    )
    own = ", ".join(sorted(set(_NAMESPACES) - set(shared)))
    if not shared or shared == ["user"]:  # root can create the others without a user namespace
        return Finding("namespaces", OK, f"own {own}", required=required)
    return Finding(
        "namespaces",
        WARNING,
        f"own {own}; shared {', '.join(shared)}",
        "a step can see resources of other processes there",
        "allow this user to create namespaces of all kinds",
        required,
    )


def _namespace(name: str) -> str:
    """The kernel's name of this process's namespace, or an empty string."""
    try:
        return str(Path("/proc/self/ns", name).readlink())
    except OSError:
        return ""


def _jail(found: Mapping[str, Any], why: str, required: bool) -> Finding:
    if why:
        return Finding("network jail", MISSING, why, _PLAIN, _INSTALL, required)
    reached = [
        name
        for key, name in (("tcp", "127.0.0.1"), ("abstract", "an abstract socket"))
        if found[key]
    ]
    if not reached:
        return Finding(
            "network jail", OK, "a step without network access reached nothing", required=required
        )
    return Finding(
        "network jail",
        MISSING,
        f"a step without network access reached {' and '.join(reached)}",
        "every step can use the network and the services of this machine",
        _INSTALL,
        required,
    )


def _filter(found: Mapping[str, Any], why: str) -> Finding:
    means = "a step can use every system call that this user can, ptrace and io_uring among them"
    fix = "use a kernel with seccomp filters on x86_64 or aarch64"
    if this_machine().unfiltered or why:
        return Finding("seccomp", MISSING, this_machine().unfiltered or why, means, fix)
    if found["ptrace"] != "EPERM":
        return Finding("seccomp", MISSING, "ptrace was not refused in a step", means, fix)
    return Finding("seccomp", OK, "ptrace was refused in a step")


def _cgroup(found: Mapping[str, Any], profile: Profile) -> Finding:
    run, required = run_cgroups.this_run(), profile.limits.enforce == "cgroup"
    means = "the limits of memory and processes hold for each process, not for the whole step"
    if not run.version:
        return Finding(
            "cgroup",
            MISSING,
            run.lacking,
            means,
            "run as a user with a systemd session (loginctl enable-linger) or a delegated cgroup",
            required,
        )
    if found and run.folders[0].name not in found["groups"]:
        return Finding(
            "cgroup",
            MISSING,
            f"a step did not enter {run.folders[0]}",
            means,
            "report it",
            required,
        )
    if profile.limits.enforce == "process":
        return Finding(
            "cgroup",
            WARNING,
            f"{run.version}, but the profile does not use it",
            means,
            "set limits.enforce: auto or cgroup in the profile",
        )
    return Finding("cgroup", OK, f"{run.version}, below {run.folders[0].parent}", required=required)


def _tried(profile: Profile) -> tuple[Mapping[str, Any], str]:
    """What the test step found, and why it could not run (empty if it ran)."""
    try:
        with ExitStack() as stack:
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="doctor-"))
            return _probed(profile, Path(name).resolve(), stack)
    except (PlatformError, Fault, OSError) as error:  # no disk space, file handles or loopback
        return {}, f"the test step could not run ({error})"


def _probed(profile: Profile, folder: Path, stack: ExitStack) -> tuple[Mapping[str, Any], str]:
    """As `_tried`, in an empty directory; `stack` closes the sockets. PlatformError, OSError."""
    for below in ("module/src", "outputs", "scratch"):
        (folder / below).mkdir(parents=True)
    (folder / "module" / "src" / "run.py").write_text(_PROBE, encoding="utf-8")
    tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
    abstract.bind(f"\0{folder.name}")
    abstract.listen()
    params = {
        "port": tcp.getsockname()[1],
        "abstract": f"\0{folder.name}",
        "namespaces": list(_NAMESPACES),
    }
    log = folder / "log.txt"
    job = worker.Job(
        folder / "module",
        params,
        folder / "outputs",
        folder / "scratch",
        log,
        Limits(timeout_s=_TIMEOUT_S),
    )
    wanted = isolation_here(replace(profile, sandbox="auto", limits=Limits()), network=False)
    ended = worker.run(job, this_machine(), wanted, Groups())
    try:
        return json.loads((folder / "outputs" / "found.json").read_bytes()), ""
    except (FileNotFoundError, ValueError):
        lines = log.read_text(errors="replace").strip().splitlines()
        why = lines[-1] if lines else f"status {ended.exit_status}"
        return {}, f"the test step could not run ({why})"
