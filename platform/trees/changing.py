"""Copies and removes the contents of a directory, even while another process writes to it."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from platform.confined import folder_at
from platform.trees.handles import (
    Cursor,
    clear_flags,
    clear_flags_at,
    open_directory,
    open_file,
    opened_directory,
)
from platform.trees.walking import paths

_TRIES = 10
# Another process changes the tree during the removal: start again.
_CHANGING = frozenset(
    {
        errno.ESTALE,
        errno.ENOTEMPTY,
        errno.EEXIST,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EACCES,
        errno.EPERM,
        errno.ELOOP,
    }
)


def copy(source: Path, into: int) -> None:
    """Copy the contents of a directory into an open, empty and private directory. Raises OSError
    for anything that is not a directory or a regular file without hard links, and TooMuch."""
    with opened_directory(source) as top:
        for path, entry in paths(top):
            if stat.S_ISDIR(entry.status.st_mode):
                os.mkdir(path, 0o755, dir_fd=into)
            elif stat.S_ISREG(entry.status.st_mode):
                _copy_file(open_file(entry.name, entry.within, 0o644), path, into)
            else:
                raise OSError(errno.EINVAL, f"{path} is not a file")


def _copy_file(source: int, path: str, into: int) -> None:
    """Copy a file up to its current size, even if it grows meanwhile. Closes `source`."""
    try:
        handle = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=into
        )
        try:
            left, offset = os.fstat(source).st_size, 0
            while left > offset and (sent := os.sendfile(handle, source, offset, left - offset)):
                offset += sent
        finally:
            os.close(handle)
    finally:
        os.close(source)


def remove(path: Path) -> None:
    """Remove a file, link or tree by its absolute path, in linear time; a missing path is ignored.

    Raises Refused for a link in the path above it, and OSError if something remains because it is
    immutable, mounted or another user's, or because a process still writes there."""
    try:
        above = folder_at(path.parent)
    except FileNotFoundError:
        return
    with above:
        remove_at(path.name, above.handle)


def remove_at(name: str, above: int) -> None:
    """As `remove`, for a name in an open directory."""
    for attempt in range(1, _TRIES + 1):
        try:
            _remove(name, above)
            return
        except OSError as error:
            if error.errno not in _CHANGING or attempt == _TRIES:
                raise


def empty(folder: Path) -> None:
    """Remove the contents of a directory, but not the directory. Errors as `remove`."""
    with opened_directory(folder) as handle:
        _empty(os.dup(handle))


def _remove(name: str, above: int) -> None:
    try:
        status = os.lstat(name, dir_fd=above)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        with suppress(FileNotFoundError):
            _unlink(name, above)
        return
    _empty(open_directory(name, above))
    os.rmdir(name, dir_fd=above)


def _empty(top: int) -> None:
    """Remove the contents of an open directory, and close it."""
    cursor = Cursor(top)
    names: list[str] = []  # of the directories from the top to the open one
    waiting = [_emptied(cursor.handle)]
    try:
        while True:
            while not waiting[-1]:
                waiting.pop()
                if not waiting:
                    return
                cursor.up()
                os.rmdir(names.pop(), dir_fd=cursor.handle)
            names.append(waiting[-1].pop())
            cursor.down(names[-1])
            waiting.append(_emptied(cursor.handle))
    finally:
        cursor.close()


def _emptied(handle: int) -> list[str]:
    """Remove everything in an open directory except directories, and return their names."""
    inner = []
    clear_flags(handle)
    with os.scandir(handle) as found:
        for each in found:
            if each.is_dir(follow_symlinks=False):
                inner.append(each.name)
            else:
                _unlink(each.name, handle)
    return inner


def _unlink(name: str, above: int) -> None:
    try:
        os.unlink(name, dir_fd=above)
    except PermissionError:
        clear_flags_at(name, above)
        os.unlink(name, dir_fd=above)
