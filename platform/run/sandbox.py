"""The isolation of a step, and bubblewrap's command line for it. Pure: the machine is an argument.

In bubblewrap, a step sees the system, Python, the module, its bound inputs, its own outputs and a
scratch directory. It does not see the ledger, other tenants, other steps, or the network unless the
contract requests it. Each file has the same path inside and outside.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from platform.errors import ForbiddenError
from platform.model.profile import Profile

_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/alternatives",
)
_NETWORK = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/etc/gai.conf",
    "/etc/ssl",
    "/etc/ca-certificates",
    "/etc/pki",
    "/run/systemd/resolve",
)
_NAMESPACES = (
    "--unshare-user-try",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
)
_BOX = (
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
)
IN_MEMORY = ("/dev/shm", "/tmp")  # writable and private to the step; /dev itself is read-only
# The visible parts of a prefix. The prefix may be the repository, which a step must not see.
_PYTHON = ("bin", "lib", "lib64", "pyvenv.cfg")


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine provides for steps. `bwrap`: bubblewrap's program. If it is empty,
    `lacking` says why."""

    python: str
    prefixes: tuple[str, ...]  # Python's own folders
    packages: tuple[str, ...]  # folders of installed packages
    bwrap: str = ""
    lacking: str = ""
    filter: bytes = b""  # the filter of system calls (seccomp.py); if empty, `unfiltered` says why
    unfiltered: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """The paths that a step may use, all absolute. A missing path of `optional` is ignored."""

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    workdir: Path
    network: bool = False
    optional: tuple[Path, ...] = ()
    memory_bytes: int = 0  # the size of each directory in IN_MEMORY; 0: half of all memory


@dataclass(frozen=True, slots=True)
class Isolation:
    """The isolation that is used, and its description, which the run record contains."""

    bubblewrap: bool
    words: str
    cgroup: bool = False  # whether limits hold for the step as a whole


def isolation(
    profile: Profile, machine: Machine, network: bool, version: str, uncounted: str
) -> Isolation:
    """The isolation that the profile's `sandbox` and `limits.enforce` give on this machine.

    `version`: the version of cgroups; if empty, there is no cgroup, and `uncounted` says why.
    ForbiddenError if the profile requires what is not available: a step never runs with less."""
    boxed = bubblewrapped(profile.sandbox, machine)
    grouped, limited = _limited(profile.limits.enforce, version, uncounted)
    if boxed:
        reach = "the network" if network else "no network"
        words = f"bubblewrap: own namespaces, {reach}, of the disk only what the step was given"
    else:
        words = (
            "process: own process group; disk and network are not shut off "
            f"({why_plain(profile.sandbox, machine)})"
        )
    calls = "are filtered" if machine.filter else f"are not filtered ({machine.unfiltered})"
    return Isolation(boxed, f"{words}; system calls {calls}; {limited}", grouped)


def bubblewrapped(wanted: str, machine: Machine) -> bool:
    """Whether steps run in bubblewrap. ForbiddenError if the profile requires it and it is not
    available."""
    if wanted == "bubblewrap" and not machine.bwrap:
        raise ForbiddenError(
            f"the profile demands bubblewrap (sandbox: bubblewrap) and {machine.lacking}; install "
            "it, or set sandbox: auto; `doctor` says more"
        )
    return wanted != "process" and bool(machine.bwrap)


def why_plain(wanted: str, machine: Machine) -> str:
    """The reason why steps run as plain processes, in words."""
    return "the profile says so" if wanted == "process" else machine.lacking


def _limited(wanted: str, version: str, lacking: str) -> tuple[bool, str]:
    """Whether limits apply to a step as a whole, and a description. ForbiddenError if the profile
    requires this and it is not available."""
    if wanted == "process":
        return False, "limits hold for each process by itself (the profile says so)"
    if version:
        return True, f"limits hold for the whole step (cgroup {version})"
    if wanted == "cgroup":
        raise ForbiddenError(
            "the profile demands a cgroup for each step (limits.enforce: cgroup) and there is "
            f"none: {lacking}; run it where one is delegated, or set enforce: auto; `doctor` says "
            "more"
        )
    return False, f"limits hold for each process by itself ({lacking})"


def probe(bwrap: str) -> list[str]:
    """The cheapest command that succeeds if `bubblewrap` works."""
    return [bwrap, *_NAMESPACES, "--unshare-net", *_BOX, "--ro-bind", "/", "/", "true"]


def bubblewrap(access: Access, machine: Machine) -> list[str]:
    """Bubblewrap's arguments, without its program and the command to run."""
    line = [*_NAMESPACES, *(() if access.network else ("--unshare-net",)), *_BOX]
    size = ("--size", str(access.memory_bytes)) if access.memory_bytes else ()
    line += [word for folder in IN_MEMORY for word in (*size, "--tmpfs", folder)]
    system = (*_SYSTEM, *(_NETWORK if access.network else ()), *machine.packages,
              *(f"{prefix}/{name}" for prefix in machine.prefixes for name in _PYTHON))
    line += _mounts("--ro-bind-try", system)
    line += _mounts("--ro-bind-try", map(str, access.optional))
    line += _mounts("--ro-bind", map(str, access.readable))
    line += _mounts("--bind", map(str, access.writable))
    return [*line, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(access.workdir)]


def _mounts(option: str, paths: Sequence[str] | Iterator[str]) -> list[str]:
    return [word for path in dict.fromkeys(paths) for word in (option, path, path)]
