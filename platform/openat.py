"""Opens a name below an open directory, through no link: the two ways to do it, and why it was not done.

Linux resolves the whole name in one call (openat2, since 5.6). Elsewhere, and for an error's words, `walked` opens one
directory after the other. Both are held to one table of cases (tests/confined/).
"""
import errno
import functools
import os
import stat
from collections.abc import Callable

from platform.model.characters import escaped

_OPENAT2 = 437  # the same number on every architecture
_BENEATH_WITHOUT_LINKS = 0x08 | 0x04 | 0x02  # RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS
FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
FOLDER = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY
_ON_THE_WAY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)
LINK = "a symbolic link"
HARD_LINK = "a hard link"


class Refused(OSError):
    """What stands at a name is not opened, whoever may read it. `offender` is the part of the name that is refused,
    from the directory that it was looked for in; `kind` says in words what it is; `strerror` says both."""

    def __init__(self, offender: str, kind: str, number: int = errno.ELOOP) -> None:
        self.offender, self.kind = escaped(offender), kind
        super().__init__(number, f"{self.offender.rpartition('/')[2]} is {kind}")

    @property
    def is_link(self) -> bool:
        return self.kind == LINK


def parts_of(name: str) -> list[str]:
    """The parts of a relative name. Refused for one that could lead elsewhere, whatever is on disk."""
    if name.startswith("/"):
        raise Refused(name, "an absolute path", errno.EXDEV)
    if "\0" in name:
        raise Refused(name, "no name: it has a NUL character", errno.EINVAL)
    parts = [part for part in name.split("/") if part not in ("", ".")]
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        raise Refused(name, "no name: it is not UTF-8", errno.EINVAL) from None
    if ".." in parts:
        raise Refused(name, "a path that leads upwards", errno.EXDEV)
    if not parts:
        raise Refused(name, "no name", errno.EINVAL)
    return parts


@functools.cache
def top() -> int:
    return os.open("/", os.O_CLOEXEC | os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY))


def below(folder: int, name: str, flags: int, above: str | None = None) -> int:
    """An open handle of what stands at a name below an open directory, whose own name is `above`; errors say both.
    Refused for a link and for what is not of the kind that `flags` want, FileNotFoundError, any other OSError."""
    parts = parts_of(name)
    at_once = _openat2()
    if at_once is not None:
        handle = at_once(folder, "/".join(parts), flags)
        if handle >= 0:
            return handle
    return walked(folder, parts, flags, above)  # it can do the same, and says what stood in the way


def walked(folder: int, parts: list[str], flags: int, above: str | None) -> int:
    """The same, one directory after the other, on any system."""
    here = folder
    try:
        for index, part in enumerate(parts):
            try:
                found = os.open(part, flags if index == len(parts) - 1 else _ON_THE_WAY, dir_fd=here)
            except OSError as error:
                name = "/".join([*([above] if above is not None else []), *parts[:index + 1]])
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
    """The error of opening one part of a name, in words when it is what it is that was refused."""
    try:
        mode = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        return error
    if stat.S_ISLNK(mode) or error.errno in (errno.ENOTDIR, errno.ENXIO):
        return Refused(name, words_of(mode), error.errno or errno.ELOOP)
    return error


def words_of(mode: int) -> str:
    kinds: tuple[tuple[Callable[[int], bool], str], ...] = (
        (stat.S_ISLNK, LINK), (stat.S_ISDIR, "a directory"), (stat.S_ISREG, "a file"), (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))
    return next((words for holds, words in kinds if holds(mode)), "no plain file")


@functools.cache
def _openat2() -> Callable[[int, str, int], int] | None:
    """The system call, which gives a handle or -1; None where the kernel has none, or a filter refuses it."""
    try:
        import ctypes

        syscall = ctypes.CDLL(None).syscall
    except (ImportError, OSError, AttributeError, TypeError):
        return None

    syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)
    syscall.restype = ctypes.c_long

    class How(ctypes.Structure):
        _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))

    hows = {flags: How(flags, 0, _BENEATH_WITHOUT_LINKS) for flags in (FILE, FOLDER)}

    def call(folder: int, name: str, flags: int) -> int:
        handle: int = syscall(_OPENAT2, folder, os.fsencode(name), ctypes.byref(hows[flags]), ctypes.sizeof(How))
        return handle

    probe = call(top(), ".", FOLDER)
    if probe < 0:
        return None
    os.close(probe)
    return call
