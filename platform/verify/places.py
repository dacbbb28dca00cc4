"""The directories of state, results and keys: whether writes are durable, and who can read them."""

import errno
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platform.files import fsync_folder
from platform.verify.finding import MISSING, OK, WARNING, Finding

_LITTLE_BYTES = 1 << 30
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "vboxsf", "afs", "ceph", "glusterfs"})


def disks(folders: dict[str, Path], output_mb: int) -> Iterator[Finding]:
    """A finding for each directory, by its name."""
    for name, folder in folders.items():
        yield disk(name, folder, max(_LITTLE_BYTES, output_mb << 20))


def disk(name: str, folder: Path, wanted_bytes: int) -> Finding:
    """Whether a file can be made durable in a directory, or in the nearest existing parent."""
    here, kind = folder, "unknown"
    what, fix = f"disk: {name}", f"choose another directory, or repair this one: {here}"
    try:
        here = _existing(folder)
        fix = f"choose another directory, or repair this one: {here}"
        kind = file_system(here, _mounts())
        _try(here)
        free = shutil.disk_usage(here).free
    except OSError as error:
        return Finding(
            what,
            MISSING,
            f"{here}: {error.strerror} ({kind})",
            "nothing can be written there; a run ends with 15",
            fix,
        )
    found = f"{here}: written and synced, {free >> 20} MB free ({kind})"
    if "eatmydata" in os.environ.get("LD_PRELOAD", ""):
        return Finding(
            what,
            WARNING,
            found,
            "LD_PRELOAD makes every fsync do nothing: a power cut loses posts",
            "run without eatmydata",
        )
    if kind in _IN_MEMORY:
        return Finding(
            what, WARNING, found, "it is in memory: a restart of the machine deletes it", fix
        )
    if kind in _REMOTE or kind.startswith("fuse"):
        return Finding(
            what,
            WARNING,
            found,
            "locks and fsync may not work on a network file system",
            fix,
        )
    if free < wanted_bytes:
        return Finding(
            what, WARNING, found, f"one step may write {wanted_bytes >> 20} MB", "free disk space"
        )
    return Finding(what, OK, found)


def _existing(folder: Path) -> Path:
    """The directory, or its nearest existing parent.

    OSError if it cannot be determined, or for a dangling link, which no directory can replace.
    """
    for path in (folder, *folder.parents):
        try:
            path.lstat()
        except FileNotFoundError:
            continue
        path.stat()
        return path
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _mounts() -> str:
    """/proc/self/mountinfo, or an empty string on a system without it."""
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _try(folder: Path) -> None:
    """Write, sync, rename and remove a file; OSError if one of these fails."""
    handle, name = tempfile.mkstemp(prefix=".doctor-", dir=folder)
    path = Path(name)
    try:
        try:
            os.write(handle, b"doctor\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        path = path.rename(path.with_suffix(".done"))
        fsync_folder(folder)
    finally:
        path.unlink()


def file_system(folder: Path, mounts: str) -> str:
    """The type of a directory's file system; `mounts` is /proc/self/mountinfo."""
    resolved, best, kind = folder.resolve(), -1, "unknown"
    for line in mounts.splitlines():
        place, _, rest = line.partition(" - ")
        fields = place.split(" ")
        point = Path(fields[4].replace("\\040", " ")) if len(fields) > 4 else Path("//")
        if resolved.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), rest.partition(" ")[0]
    return kind


def readers(paths: dict[str, Path], keys: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Who may read and write each existing path. For `keys`, access of a group is a finding too."""
    for name, path in paths.items():
        try:
            yield reader(name, path, secret=name in keys)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield Finding(
                f"access: {name}",
                WARNING,
                f"{path}: {error.strerror}",
                "it is unknown who can read it",
                f"run as a user who can read it, or correct its path: {path}",
            )


def reader(name: str, path: Path, *, secret: bool) -> Finding:
    """One path. In a directory that others cannot enter, a path's own mode does not matter."""
    status, what = path.stat(), f"access: {name}"
    found = f"{path}: {stat.filemode(status.st_mode)} {_user(status.st_uid)}"
    bit = stat.S_IXOTH if path.is_dir() else stat.S_IROTH
    entered = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX and entered:
        return Finding(
            what, WARNING, found, "every user of this machine can change it", f"chmod o= {path}"
        )
    if status.st_uid not in (os.getuid(), 0):
        return Finding(
            what,
            WARNING,
            found,
            f"{_user(status.st_uid)} can change it",
            f"chown {_user(os.getuid())} {path}",
        )
    if secret and status.st_mode & 0o077:
        return Finding(
            what,
            WARNING,
            found,
            "others can read a private key, so signing refuses it",
            f"chmod 600 {path}",
        )
    if status.st_mode & bit and entered:
        return Finding(
            what,
            WARNING,
            found,
            "every user of this machine can read it: ledger, orders, results",
            f"chmod o= {path}",
        )
    return Finding(what, OK, found)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
