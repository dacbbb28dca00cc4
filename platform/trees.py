"""Directories that somebody else filled: walked, measured, copied and removed through handles.

Whoever filled one may have nested it thousands of levels deep, taken its modes away, or may still be writing to it.
Rules: the kernel is never given a path of more than one name below the directory; links are never followed; at
most three handles are open, however deep the tree is; nothing recurses; going up is checked to arrive where going
down began, so that a directory that is moved away meanwhile leads nobody out of the tree.

What it does not know: what may be in the directory (run/outputs.py), and how to undo an immutable flag or a mount,
which only root can set.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

MOST_ENTRIES = 100_000  # files and directories below one directory
MOST_DEPTH = 64  # levels below it
LONGEST_PATH = 1024  # bytes of a path below it; below the kernel's 4,096 wherever the directory is
MOST_NAMES = 16 << 20  # bytes of all paths together

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_OWNER = 0o700
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


class TooMuch(OSError):
    """There is more below a directory than anybody will look at; `strerror` says of what."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.E2BIG, what)


class Entry(NamedTuple):
    """Something below a directory. `depth` is 1 directly in it; `status` is lstat's; `within` is the open handle of the
    directory that has it, until the walk goes on."""

    depth: int
    name: str
    status: os.stat_result
    within: int


class Below(NamedTuple):
    """An entry with its whole path below the directory, parts divided by /."""

    path: str
    entry: Entry


def open_directory(name: str | Path, above: int | None = None) -> int:
    """The handle of a directory, not of what a link leads to. One that its owner may not list, enter or write to is
    given those modes. OSError when there is none."""
    try:
        handle = os.open(name, _DIRECTORY, dir_fd=above)
    except PermissionError:
        set_mode(name, above, _OWNER)
        handle = os.open(name, _DIRECTORY, dir_fd=above)
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


def set_mode(name: str | Path, above: int | None, mode: int) -> None:
    """Set the mode of what has this name now, by a handle that needs no permission of its own. Not of a link, nor of a
    file that has another name too."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        status = os.fstat(handle)
        if stat.S_ISDIR(status.st_mode) or (stat.S_ISREG(status.st_mode) and status.st_nlink == 1):
            os.chmod(f"/proc/self/fd/{handle}", mode)  # noqa: PTH101  (a handle of O_PATH takes no fchmod)
    finally:
        os.close(handle)


class _Cursor:
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


def walk(top: int, *, lenient: bool = False) -> Iterator[Entry]:
    """Everything below an open directory: of each directory first what is no directory, then each directory in it,
    followed by what is below that; both sorted by name. TooMuch above MOST_ENTRIES. `lenient`: what cannot be looked
    into is left out, as are what vanishes and the rest of a tree that is moved meanwhile; otherwise OSError."""
    cursor = _Cursor(open_directory(".", top))
    waiting: list[list[Entry]] = []
    count = 0
    try:
        while True:
            inner: list[Entry] = []
            leaves = _listed(cursor.handle, len(waiting) + 1, inner, MOST_ENTRIES - count, lenient)
            count += len(leaves) + len(inner)
            yield from leaves
            waiting.append(inner)
            while True:
                while not waiting[-1]:
                    waiting.pop()
                    if not waiting:
                        return
                    cursor.up()
                entry = waiting[-1].pop()._replace(within=cursor.handle)
                yield entry
                try:
                    cursor.down(entry.name)
                    break
                except OSError:
                    if not lenient:
                        raise
    except OSError as error:
        if not lenient or isinstance(error, TooMuch):
            raise
    finally:
        cursor.close()


def _listed(handle: int, depth: int, inner: list[Entry], most: int, lenient: bool) -> list[Entry]:
    """What is in an open directory and is no directory, sorted; directories go into `inner`, the first one last."""
    leaves: list[Entry] = []
    with os.scandir(handle) as found:
        for each in found:
            try:
                status = each.stat(follow_symlinks=False)
            except OSError:
                if lenient:
                    continue
                raise
            (inner if stat.S_ISDIR(status.st_mode) else leaves).append(
                Entry(depth, each.name, status, handle)
            )
            if len(leaves) + len(inner) > most:
                raise TooMuch(f"there are more than {MOST_ENTRIES} files and directories")
    inner.sort(key=_by_name, reverse=True)
    leaves.sort(key=_by_name)
    return leaves


def _by_name(entry: Entry) -> str:
    return entry.name


def paths(top: int, *, lenient: bool = False) -> Iterator[Below]:
    """As `walk`, with paths. TooMuch above MOST_DEPTH, LONGEST_PATH and MOST_NAMES too."""
    above: list[str] = []
    names = 0
    with closing(walk(top, lenient=lenient)) as entries:  # type: ignore[type-var]  # a generator can be closed
        for entry in entries:
            if entry.depth > MOST_DEPTH:
                raise TooMuch(f"there are directories more than {MOST_DEPTH} levels deep")
            del above[entry.depth - 1 :]
            above.append(entry.name)
            path = "/".join(above)
            length = len(os.fsencode(path))
            names += length
            if length > LONGEST_PATH:
                raise TooMuch(f"a path has more than {LONGEST_PATH} bytes")
            if names > MOST_NAMES:
                raise TooMuch(f"all names together have more than {MOST_NAMES} bytes")
            yield Below(path, entry)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """`open_directory`, closed afterwards."""
    handle = open_directory(folder)
    try:
        yield handle
    finally:
        os.close(handle)


def measure(folder: Path) -> int:
    """Bytes of the files below a directory, as far as they can be seen while somebody writes there; TooMuch above
    MOST_ENTRIES. A file counts by its size, or by half of the blocks that it takes where that is more: they can be
    taken without a size, and file systems take more than they need."""
    total = 0
    try:
        with opened(folder) as top:
            for entry in walk(top, lenient=True):
                if not stat.S_ISDIR(entry.status.st_mode):
                    total += max(entry.status.st_size, entry.status.st_blocks * 256)
    except TooMuch:
        raise
    except OSError:
        return total  # it is gone, or is none
    return total


def copy(source: Path, target: Path) -> None:
    """Copy what is below a directory into another one, which is empty and nobody else's. OSError for anything but files
    of their own and directories, and TooMuch."""
    with opened(source) as top, opened(target) as into:
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
    """Remove whatever has this path, in time that is linear in what is there; nothing when there is nothing. OSError
    when something stays: it is immutable, mounted or another user's, or somebody goes on writing there."""
    for attempt in range(1, _TRIES + 1):
        try:
            _remove(path)
            return
        except OSError as error:
            if error.errno not in _CHANGING or attempt == _TRIES:
                raise


def empty(folder: Path) -> None:
    """Remove what is below a directory, and keep it. OSError as `remove`."""
    _empty(open_directory(folder))


def _remove(path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        path.unlink(missing_ok=True)
        return
    _empty(open_directory(path))
    path.rmdir()


def _empty(top: int) -> None:
    """Remove what is below an open directory, which this takes over."""
    cursor = _Cursor(top)
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
