"""What is below a directory, looked at entry by entry, and no further than anybody will look."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from platform.trees.handles import Cursor, open_directory, opened

MOST_ENTRIES = 100_000  # files and directories below one directory
MOST_DEPTH = 64  # levels below it
LONGEST_PATH = 1024  # bytes of a path below it; below the kernel's 4,096 wherever the directory is
MOST_NAMES = 16 << 20  # bytes of all paths together


class TooMuch(OSError):
    """There is more below a directory than anybody will look at; `strerror` says of what."""

    def __init__(self, what: str) -> None:
        super().__init__(errno.E2BIG, what)


class TreeEntry(NamedTuple):
    """Something below a directory. `depth` is 1 directly in it; `status` is lstat's; `within` is the open handle of the
    directory that has it, until the walk goes on."""

    depth: int
    name: str
    status: os.stat_result
    within: int


class Below(NamedTuple):
    """An entry with its whole path below the directory, parts divided by /."""

    path: str
    entry: TreeEntry


def walk(top: int, *, lenient: bool = False) -> Iterator[TreeEntry]:
    """Everything below an open directory: of each directory first what is no directory, then each directory in it,
    followed by what is below that; both sorted by name. TooMuch above MOST_ENTRIES. `lenient`: what cannot be looked
    into is left out, as are what vanishes and the rest of a tree that is moved meanwhile; otherwise OSError."""
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


def _listed(handle: int, depth: int, inner: list[TreeEntry], most: int, lenient: bool) -> list[TreeEntry]:
    """What is in an open directory and is no directory, sorted; directories go into `inner`, the first one last."""
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
