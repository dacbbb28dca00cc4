"""What is below a directory, copied and removed, also while somebody still writes there."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from platform.confined import folder_at
from platform.trees.handles import Cursor, open_directory, open_file, opened
from platform.trees.walking import paths

_TRIES = 10
# Somebody changes the tree while it is removed: begin again.
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
    """Copy what is below a directory into an open one, which is empty and nobody else's. OSError for anything but files
    of their own and directories, and TooMuch."""
    with opened(source) as top:
        for path, entry in paths(top):
            if stat.S_ISDIR(entry.status.st_mode):
                os.mkdir(path, 0o755, dir_fd=into)
            elif stat.S_ISREG(entry.status.st_mode):
                _copy_file(open_file(entry.name, entry.within, 0o644), path, into)
            else:
                raise OSError(errno.EINVAL, f"{path} is no file")


def _copy_file(source: int, path: str, into: int) -> None:
    """As much as the file has now: one that grows meanwhile is not followed. Takes over `source`."""
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
    """Remove whatever has this absolute path, in time that is linear in what is there; nothing when there is nothing.
    A link is removed itself. Refused for a link on the way to it; OSError when something stays: it is immutable,
    mounted or another user's, or somebody goes on writing there."""
    try:
        above = folder_at(path.parent)
    except FileNotFoundError:
        return
    with above:
        remove_at(path.name, above.handle)


def remove_at(name: str, above: int) -> None:
    """The same of a name in an open directory."""
    for attempt in range(1, _TRIES + 1):
        try:
            _remove(name, above)
            return
        except OSError as error:
            if error.errno not in _CHANGING or attempt == _TRIES:
                raise


def empty(folder: Path) -> None:
    """Remove what is below a directory, and keep it. OSError as `remove`."""
    with opened(folder) as handle:
        _empty(os.dup(handle))


def _remove(name: str, above: int) -> None:
    try:
        status = os.lstat(name, dir_fd=above)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=above)
        return
    _empty(open_directory(name, above))
    os.rmdir(name, dir_fd=above)


def _empty(top: int) -> None:
    """Remove what is below an open directory, which this takes over."""
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
    """The directories in an open directory, after everything else in it was removed."""
    inner = []
    with os.scandir(handle) as found:
        for each in found:
            if each.is_dir(follow_symlinks=False):
                inner.append(each.name)
            else:
                os.unlink(each.name, dir_fd=handle)
    return inner
