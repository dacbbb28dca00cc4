"""Which isolation a step gets, and bubblewrap's command line for it. Pure: what the machine has is an argument.

Inside bubblewrap there is the system, Python, the module, what is bound to the step, its own outputs and a scratch
folder, and nothing else: not the ledger, no other tenant, no other step, no network unless the contract asks for it.
Everything stands at the path that it has outside, so a step sees the same names with and without bubblewrap.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from platform.errors import ForbiddenError
from platform.model.profile import Profile

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives")
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/services", "/etc/gai.conf",
            "/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/run/systemd/resolve")
_NAMESPACES = ("--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_BOX = ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--proc", "/proc", "--dev", "/dev")
IN_MEMORY = ("/dev/shm", "/tmp")  # writable, each of its own; /dev itself is read-only behind them
_PYTHON = ("bin", "lib", "lib64", "pyvenv.cfg")  # of a prefix; it may be the repository itself, which nobody may see


@dataclass(frozen=True, slots=True)
class Machine:
    """What steps start with here. `bwrap` is its program, or empty and then `lacking` says why in words."""

    python: str
    prefixes: tuple[str, ...]  # Python's own folders
    packages: tuple[str, ...]  # folders of installed packages
    bwrap: str = ""
    lacking: str = ""
    filter: bytes = b""  # of system calls (seccomp.py), or empty and then `unfiltered` says why
    unfiltered: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """What a step may touch, as absolute paths. Of `optional` what is missing is left out."""

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    workdir: Path
    network: bool = False
    optional: tuple[Path, ...] = ()
    memory_bytes: int = 0  # what each folder IN_MEMORY may hold; zero is what the kernel thinks fit, half of all


@dataclass(frozen=True, slots=True)
class Isolation:
    """What is used, and what that means in words: they stand in the run record."""

    bubblewrap: bool
    words: str
    cgroup: bool = False  # whether limits hold for the step as a whole


def isolation(profile: Profile, machine: Machine, network: bool, version: str, uncounted: str) -> Isolation:
    """What the profile wants on this machine: `sandbox`, and `limits.enforce` by a cgroup of `version`, or none because
    of `uncounted`. ForbiddenError when it demands what is not here: running with less is not for us to decide."""
    boxed = bubblewrapped(profile.sandbox, machine)
    grouped, limited = _limited(profile.limits.enforce, version, uncounted)
    if boxed:
        reach = "the network" if network else "no network"
        words = f"bubblewrap: own namespaces, {reach}, of the disk only what the step was given"
    else:
        words = f"process: own process group; disk and network are not shut off ({why_plain(profile.sandbox, machine)})"
    calls = "are filtered" if machine.filter else f"are not filtered ({machine.unfiltered})"
    return Isolation(boxed, f"{words}; system calls {calls}; {limited}", grouped)


def bubblewrapped(wanted: str, machine: Machine) -> bool:
    """Whether steps run inside bubblewrap. ForbiddenError when the profile demands it and it is not here."""
    if wanted == "bubblewrap" and not machine.bwrap:
        raise ForbiddenError(f"the profile demands bubblewrap (sandbox: bubblewrap) and {machine.lacking}; install it, "
                             "or set sandbox: auto; `doctor` says more")
    return wanted != "process" and bool(machine.bwrap)


def why_plain(wanted: str, machine: Machine) -> str:
    """Why steps run as plain processes, in words."""
    return "the profile says so" if wanted == "process" else machine.lacking


def _limited(wanted: str, version: str, lacking: str) -> tuple[bool, str]:
    """Whether a step is limited as a whole, and what that means in words. ForbiddenError when that is demanded."""
    if wanted == "process":
        return False, "limits hold for each process by itself (the profile says so)"
    if version:
        return True, f"limits hold for the whole step (cgroup {version})"
    if wanted == "cgroup":
        raise ForbiddenError(f"the profile demands a cgroup for each step (limits.enforce: cgroup) and there is none: "
                             f"{lacking}; run it where one is delegated, or set enforce: auto; `doctor` says more")
    return False, f"limits hold for each process by itself ({lacking})"


def probe(bwrap: str) -> list[str]:
    """The cheapest command that succeeds where `bubblewrap` will work."""
    return [bwrap, *_NAMESPACES, "--unshare-net", *_BOX, "--ro-bind", "/", "/", "true"]


def bubblewrap(room: Room, machine: Machine) -> list[str]:
    """Bubblewrap's arguments, without its program and the command to run."""
    line = [*_NAMESPACES, *(() if room.network else ("--unshare-net",)), *_BOX]
    size = ("--size", str(room.memory_bytes)) if room.memory_bytes else ()
    line += [word for folder in IN_MEMORY for word in (*size, "--tmpfs", folder)]
    system = (*_SYSTEM, *(_NETWORK if room.network else ()), *machine.packages,
              *(f"{prefix}/{name}" for prefix in machine.prefixes for name in _PYTHON))
    line += _mounts("--ro-bind-try", system)
    line += _mounts("--ro-bind-try", map(str, room.optional))
    line += _mounts("--ro-bind", map(str, room.readable))
    line += _mounts("--bind", map(str, room.writable))
    return [*line, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(room.workdir)]


def _mounts(option: str, paths: Sequence[str] | Iterator[str]) -> list[str]:
    return [word for path in dict.fromkeys(paths) for word in (option, path, path)]
