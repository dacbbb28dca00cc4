"""Opens a name below an open directory and refuses links, in two ways.

Linux resolves the whole name in one call (openat2, since 5.6). On other systems, and to explain an
error, `walked` opens one directory after the other. One table of cases tests both
(tests/confined/).
"""
import errno
import functools
import os
import stat
from collections.abc import Callable

from platform.model.characters import escaped

_OPENAT2 = 437  # the same number on every architecture
# RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS
_BENEATH_WITHOUT_LINKS = 0x08 | 0x04 | 0x02
FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY
_ON_THE_WAY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)
LINK = "a symbolic link"
HARD_LINK = "a hard link"


class Refused(OSError):
    """A name is refused, whatever its permissions are. `offender` is the part of the name that is
    refused, relative to the directory of the search. `kind` describes it; `strerror` says both."""

    def __init__(self, offender: str, kind: str, number: int = errno.ELOOP) -> None:
        self.offender, self.kind = escaped(offender), kind
        super().__init__(number, f"{self.offender.rpartition('/')[2]} is {kind}")

    @property
    def is_link(self) -> bool:
        return self.kind == LINK


def parts_of(name: str) -> list[str]:
    """The parts of a relative name. Raises Refused for a name that could lead out of the directory,
    whatever is on disk."""
    if name.startswith("/"):
        raise Refused(name, "an absolute path", errno.EXDEV)
    if "\0" in name:
        raise Refused(name, "an invalid name: it has a NUL character", errno.EINVAL)
    parts = [part for part in name.split("/") if part not in ("", ".")]
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise Refused(name, "an invalid name: it is not UTF-8", errno.EINVAL) from None
    if ".." in parts:
        raise Refused(name, "a path that leads upwards", errno.EXDEV)
    if not parts:
        raise Refused(name, "an empty name", errno.EINVAL)
    return parts


@functools.cache
def top() -> int:
    return os.open("/", os.O_CLOEXEC | os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY))


def below(folder: int, name: str, flags: int, above: str | None = None) -> int:
    """An open handle of a name below an open directory, whose own name is `above`; errors contain
    both names. Raises Refused for a link and for a kind that `flags` exclude, FileNotFoundError,
    and any other OSError."""
    parts = parts_of(name)
    at_once = _openat2()
    if at_once is not None:
        handle = at_once(folder, "/".join(parts), flags)
        if handle >= 0:
            return handle
    return walked(folder, parts, flags, above)  # slower, but it explains the error


def walked(folder: int, parts: list[str], flags: int, above: str | None) -> int:
    """As `below`, one directory after the other, on any system."""
    here = folder
    try:
        for index, part in enumerate(parts):
            try:
                found = os.open(
                    part, flags if index == len(parts) - 1 else _ON_THE_WAY, dir_fd=here
                )
            except OSError as error:
                name = "/".join([*([above] if above is not None else []), *parts[: index + 1]])
                raise explained(here, part, name, error) from None
            if here != folder:
                os.close(here)
            here = found
        return here
    except OSError:
        if here != folder:
            os.close(here)
        raise


def explained(folder: int, part: str, name: str, error: OSError) -> OSError:
    """The error of opening one part of a name: Refused if the kind of the entry is the cause."""
    try:
        mode = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return error
    if stat.S_ISLNK(mode) or error.errno in (errno.ENOTDIR, errno.ENXIO):
        return Refused(name, words_of(mode), error.errno or errno.ELOOP)
    return error


def words_of(mode: int) -> str:
    kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
        (stat.S_ISLNK, LINK),
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISREG, "a file"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((words for holds, words in kinds if holds(mode)), "not a regular file")


@functools.cache
def _openat2() -> Callable[[int, str, int], int] | None:
    """The system call, which returns a handle or -1; None if the kernel lacks it or a filter
    refuses it."""
    try:
        import ctypes

        syscall = ctypes.CDLL(None).syscall
    except (ImportError, OSError, AttributeError, TypeError):
        return None

    syscall.argtypes = (
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
    )
    syscall.restype = ctypes.c_long

    class How(ctypes.Structure):
        _fields_ = (
            ("flags", ctypes.c_uint64),
            ("mode", ctypes.c_uint64),
            ("resolve", ctypes.c_uint64),
        )

    hows = {flags: How(flags, 0, _BENEATH_WITHOUT_LINKS) for flags in (FILE, FOLDER)}

    def call(folder: int, name: str, flags: int) -> int:
        handle: int = syscall(
            _OPENAT2, folder, os.fsencode(name), ctypes.byref(hows[flags]), ctypes.sizeof(How)
        )
        return handle

    probe = call(top(), ".", FOLDER)
    if probe < 0:
        return None
    os.close(probe)
    return call
