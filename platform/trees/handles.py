"""Directories and files of somebody else's tree, opened by one name at a time, through no link."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platform.confined import folder_at
from platform.openat import explained

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_OWNER = 0o700


def open_directory(name: str, above: int) -> int:
    """The handle of a directory in an open one, not of what a link leads to. One that its owner may not list, enter or
    write to is given those modes. OSError when there is none; Refused, with the name, for what is no directory."""
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
        pass  # another user's: whoever needs more than to read it meets the same error
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_file(name: str, within: int, mode: int) -> int:
    """The handle of a regular file with that name in an open directory, after it was given `mode`. OSError for what is
    no regular file, or has other names too: its mode is theirs."""
    try:
        handle = os.open(name, _FILE, dir_fd=within)
    except PermissionError:
        set_mode(name, within, mode)
        handle = os.open(name, _FILE, dir_fd=within)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise OSError(errno.ESTALE, "is no file of its own")
        if stat.S_IMODE(status.st_mode) != mode:
            os.fchmod(handle, mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


def set_mode(name: str, above: int, mode: int) -> None:
    """Set the mode of what has this name now, by a handle that needs no permission of its own. Not of a link, nor of a
    file that has another name too."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
            os.chmod(f"/proc/self/fd/{handle}", mode)  # noqa: PTH101  (a handle of O_PATH takes no fchmod)
    finally:
        os.close(handle)


def drop_attributes(handle: int) -> None:
    """Remove the extended attributes of an open file or directory, access lists among them: they are no part of what it
    holds, and nobody looks for anything in them. Those that the system sets by itself stay (`security.`, but for
    capabilities). OSError when another one cannot be removed."""
    try:
        names = os.listxattr(handle)
    except OSError as error:
        if error.errno == errno.ENOTSUP:  # this file system has none
            return
        raise
    for name in names:
        if not name.startswith("security.") or name == "security.capability":
            os.removexattr(handle, name)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """`open_directory` of an absolute path in which no link stands, closed afterwards. Refused for a link."""
    with folder_at(folder.parent) as above:
        handle = open_directory(folder.name, above.handle)
    try:
        yield handle
    finally:
        os.close(handle)


class Cursor:
    """One open directory of a tree. Takes over `handle`."""

    def __init__(self, handle: int) -> None:
        self.handle = handle
        self._above: list[tuple[int, int]] = []

    def down(self, name: str) -> None:
        handle = open_directory(name, self.handle)
        self._above.append(_identity(self.handle))
        os.close(self.handle)
        self.handle = handle

    def up(self) -> None:
        """OSError (ESTALE) when the directory is not where it was any more."""
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
