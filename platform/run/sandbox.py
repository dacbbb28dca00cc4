"""Which isolation a step gets, and bubblewrap's command line for it. Pure but for one probe of the machine."""
import functools
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/localtime")
_NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates", "/etc/pki",
            "/usr/local/share/ca-certificates")
IN_WORDS = {
    "bubblewrap": "bubblewrap: own namespaces, no network unless the contract asks, only its own files mounted",
    "process": "process: own process group, empty environment and limits, but the file system and network are shared",
}


@dataclass(frozen=True, slots=True)
class Room:
    """What a step may touch: `readable` as it is, `writable` with its own bytes, `hidden` never."""

    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    workdir: Path
    network: bool


def isolation(wanted: str) -> str:
    """`bubblewrap` or `process`: what the profile wants, `auto` being the best this machine has."""
    if wanted == "auto":
        return "bubblewrap" if works() else "process"
    return wanted


@functools.cache
def works() -> bool:
    """Whether bubblewrap is here and may make namespaces; asked once a process."""
    program = shutil.which("bwrap")
    if program is None:
        return False
    probe = [program, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def packages() -> tuple[str, ...]:
    """The folders of installed packages, for a child that starts without `site`."""
    return tuple(dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))))


def bubblewrap(room: Room, command: Sequence[str]) -> list[str]:
    """The command inside its own namespaces: nothing of the ledger, of other tenants or of other steps is mounted."""
    program = shutil.which("bwrap") or "bwrap"
    line = [program, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
            "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    if room.network:
        line += ["--share-net"]
    system = [*_SYSTEM, *(_NETWORK if room.network else ()), sys.base_prefix, *packages()]
    for path in dict.fromkeys([*system, *map(str, room.readable)]):
        line += ["--ro-bind-try", path, path]
    for writable in room.writable:
        line += ["--bind", str(writable), str(writable)]
    return [*line, "--chdir", str(room.workdir), "--", *command]
