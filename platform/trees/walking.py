"""Walks the contents of a directory entry by entry, within limits."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from platform.trees.handles import Cursor, open_directory, opened_directory

MOST_ENTRIES = 100_000  # files and directories below one directory
MOST_DEPTH = 64  # levels below it
LONGEST_PATH = 1024  # bytes of a relative path; with any prefix, below the kernel's limit of 4,096
MOST_NAMES = 16 << 20  # bytes of all paths together


class TooMuch(OSError):
    """The contents of a directory exceed a limit; `strerror` says which."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.E2BIG, what)


class TreeEntry(NamedTuple):
    """An entry below a directory. `depth` is 1 directly in it. `status` is from lstat. `within` is
    the open handle of the directory that contains it, valid until the walk continues."""

    depth: int
    name: str
    status: os.stat_result
    within: int


class Below(NamedTuple):
    """An entry with its path relative to the directory; / separates the parts."""

    path: str
    entry: TreeEntry


def walk(top: int, *, lenient: bool = False) -> Iterator[TreeEntry]:
    """Everything below an open directory. A directory's other entries come first, then each of its
    subdirectories, followed by its contents; both sorted by name.

    Raises TooMuch above MOST_ENTRIES. `lenient` skips entries that cannot be read or that vanish,
    and the rest of a tree that is moved meanwhile; otherwise raises OSError."""
    cursor = Cursor(open_directory(".", top))
    waiting: list[list[TreeEntry]] = []
    count = 0
    try:
        while True:
            inner: list[TreeEntry] = []
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


def _listed(
    handle: int, depth: int, inner: list[TreeEntry], most: int, lenient: bool
) -> list[TreeEntry]:
    """The entries of an open directory that are not directories, sorted. Its directories are added
    to `inner` in reverse order."""
    leaves: list[TreeEntry] = []
    with os.scandir(handle) as found:
        for each in found:
            try:
                status = each.stat(follow_symlinks=False)
            except OSError:
                if lenient:
                    continue
                raise
            (inner if stat.S_ISDIR(status.st_mode) else leaves).append(
                TreeEntry(depth, each.name, status, handle)
            )
            if len(leaves) + len(inner) > most:
                raise TooMuch(f"there are more than {MOST_ENTRIES} files and directories")
    inner.sort(key=_by_name, reverse=True)
    leaves.sort(key=_by_name)
    return leaves


def _by_name(entry: TreeEntry) -> str:
    return entry.name


def paths(top: int, *, lenient: bool = False) -> Iterator[Below]:
    """As `walk`, with paths. Raises TooMuch also above MOST_DEPTH, LONGEST_PATH and MOST_NAMES."""
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


def measure(folder: Path) -> int:
    """The total size in bytes of the files below a directory, even while a process writes there.
    Raises TooMuch above MOST_ENTRIES.

    A file counts with its size, or with half of its blocks if that is more: a file can have blocks
    without size, and file systems allocate more blocks than they need."""
    total = 0
    try:
        with opened_directory(folder) as top:
            for entry in walk(top, lenient=True):
                if not stat.S_ISDIR(entry.status.st_mode):
                    total += max(entry.status.st_size, entry.status.st_blocks * 256)
    except TooMuch:
        raise
    except OSError:
        return total  # the directory is gone, or is not a directory
    return total
