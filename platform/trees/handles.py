"""Opens directories and files of an untrusted tree, one name at a time, and never through a
link."""

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform.confined import folder_at
from platform.openat import explained

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_OWNER = 0o700
# FS_IOC_GETFLAGS and FS_IOC_SETFLAGS of Linux on 64-bit x86 and ARM. The flags are a C int.
_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602
_KEEPS = 0x10 | 0x20  # FS_IMMUTABLE_FL, FS_APPEND_FL: nothing can be renamed or removed


def open_directory(name: str, above: int) -> int:
    """A handle of a directory in an open directory. Links are not followed. If its owner may not
    list, enter or write to it, it gets those modes. Raises OSError if it does not exist; Refused,
    with the name, for anything that is not a directory."""
    try:
        handle = os.open(name, _DIRECTORY, dir_fd=above)
    except PermissionError:
        set_mode(name, above, _OWNER)
        handle = os.open(name, _DIRECTORY, dir_fd=above)
    except OSError as error:
        raise explained(above, name, name, error) from None
    try:
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        if mode & _OWNER != _OWNER:
            os.fchmod(handle, mode | _OWNER)
    except PermissionError:
        pass  # another user's directory; an operation that needs more than reading fails itself
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_file(name: str, within: int, mode: int) -> int:
    """A handle of a regular file in an open directory, with its mode set to `mode`. Raises OSError
    for anything else, and for a hard link, because the mode would change for its other names
    too."""
    try:
        handle = os.open(name, _FILE, dir_fd=within)
    except PermissionError:
        set_mode(name, within, mode)
        handle = os.open(name, _FILE, dir_fd=within)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise OSError(errno.ESTALE, "is not a regular file with one name")
        if stat.S_IMODE(status.st_mode) != mode:
            os.fchmod(handle, mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


def set_mode(name: str, above: int, mode: int) -> None:
    """Set the mode of a file or directory, through a handle that needs no permission on it. Links
    and hard links are left unchanged."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
            os.chmod(f"/proc/self/fd/{handle}", mode)  # noqa: PTH101  (a handle of O_PATH takes no fchmod)
    finally:
        os.close(handle)


def drop_attributes(handle: int) -> None:
    """Remove the extended attributes of an open file or directory, including access lists: they are
    not part of its contents, and nothing checks them. Attributes that the system sets remain
    (`security.`, except capabilities). Raises OSError if another one cannot be removed, and for
    an append-only or immutable file or directory (EPERM)."""
    if _flags(handle) & _KEEPS:
        raise OSError(errno.EPERM, "a file or directory is append-only or immutable")
    try:
        names = os.listxattr(handle)
    except OSError as error:
        if error.errno == errno.ENOTSUP:  # this file system has none
            return
        raise
    for name in names:
        if not name.startswith("security.") or name == "security.capability":
            os.removexattr(handle, name)


def clear_flags(handle: int) -> None:
    """Make an open file or directory removable: neither append-only nor immutable. Raises OSError
    if this user may not."""
    if (flags := _flags(handle)) & _KEEPS:
        fcntl.ioctl(handle, _SET_FLAGS, struct.pack("i4x", flags & ~_KEEPS))


def clear_flags_at(name: str, above: int) -> None:
    """As `clear_flags`, for a name in an open directory. Only files and directories have flags;
    everything else, and a missing name, is ignored.

    A hard link loses its flags too. The kernel refuses a new link to a file that has one, so the
    flag is newer than the link."""
    try:
        kind = os.lstat(name, dir_fd=above).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            return
        handle = os.open(name, _FILE, dir_fd=above)
    except FileNotFoundError:
        return
    try:
        clear_flags(handle)
    finally:
        os.close(handle)


def _flags(handle: int) -> int:
    """The attribute flags of an open file or directory; 0 where the file system has none."""
    try:
        answer = fcntl.ioctl(handle, _GET_FLAGS, bytes(8))
    except OSError:
        return 0
    flags: int = struct.unpack_from("i", answer)[0]
    return flags


@contextmanager
def opened_directory(folder: Path) -> Iterator[int]:
    """`open_directory` for an absolute path, closed afterwards. Raises Refused for a link in it."""
    with folder_at(folder.parent) as above:
        handle = open_directory(folder.name, above.handle)
    try:
        yield handle
    finally:
        os.close(handle)


class Cursor:
    """One open directory of a tree. It owns `handle` and closes it."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._above: list[tuple[int, int]] = []

    def down(self, name: str) -> None:
        handle = open_directory(name, self.handle)
        self._above.append(_identity(self.handle))
        os.close(self.handle)
        self.handle = handle

    def up(self) -> None:
        """Go to the parent. Raises OSError (ESTALE) if the directory was moved."""
        parent = open_directory("..", self.handle)
        if _identity(parent) != self._above.pop():
            os.close(parent)
            raise OSError(errno.ESTALE, "a directory was moved meanwhile")
        os.close(self.handle)
        self.handle = parent

    def close(self) -> None:
        os.close(self.handle)


def _identity(handle: int) -> tuple[int, int]:
    status = os.fstat(handle)
    return status.st_dev, status.st_ino
