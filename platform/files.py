"""Replaces whole files atomically, and digests files without reading them again.

`confined` opens the files to digest, so their path contains no link, and size, times and bytes
belong to one handle. A stat cache maps (size, mtime, ctime, inode) to the sha256. If the cache is
lost or damaged, files are read again. It stores no entry for a file that changed within the
resolution of the clock, because a second write in the same tick would be invisible.
"""
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

from platform import confined, owned
from platform.errors import StorageError
from platform.model.digest import Identity, digest_of

T = TypeVar("T")

_LARGEST_CACHE = 1 << 30  # bytes
_GRAIN_NS = 20_000_000  # a kernel's tick for file times is up to 10 ms; this is twice that


def fsync_folder(folder: Path) -> None:
    """Make a rename or creation inside `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def real_path(name: str) -> Path:
    """The absolute path of what a person named, without links. A name that no file can have (a loop
    of links, too long a name) stays as it is: opening it says what is wrong."""
    return Path(os.path.realpath(name))


def is_folder(path: Path) -> bool:
    """Whether a path that a person named leads to a directory; False also if it cannot exist."""
    return os.path.isdir(path)  # noqa: PTH112  (Path.is_dir raises if the name is too long)


@contextmanager
def replacing(path: Path, *, durable: bool = False, once: bool = False) -> Iterator[BinaryIO]:
    """`owned.replacing` for a path that an operator named: links on the way to its directory are
    followed, and the directory is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with confined.Folder.at(path.parent) as folder, owned.replacing(
            folder, path.name, durable=durable, once=once) as file:
        yield file


def write_atomic(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Replace a whole file with `data`, as `replacing`. Raises StorageError if the disk fails."""
    try:
        with replacing(path, durable=durable) as file:
            file.write(data)
    except OSError as error:
        raise owned.storage_error(path, "be written", error) from error


def write_output(path: Path, data: bytes) -> None:
    """Write what a person asked for to the path that they named, as `-o` of other programs does.

    A regular file, or one that a link leads to, is replaced whole. A device or a pipe is written to
    and stays what it is.

    Raises:
        StorageError: the path is a directory or a socket, or cannot be written.
    """
    try:
        mode = path.stat().st_mode
    except OSError:  # new, or a link to nothing: the write itself says what is wrong
        mode = stat.S_IFREG
    if stat.S_ISREG(mode):
        write_atomic(path.resolve(), data)
        return
    if not (stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)):
        raise StorageError(f"{path}: is not a file; name a file")
    try:
        with path.open("wb", buffering=0) as file:
            while data:
                data = data[file.write(data) or 0:]
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from error


class CacheFile:
    """A JSON file that only saves time: if it is lost or damaged, or the disk is full, the work is
    done again. Without a path, it stores nothing. The path is absolute; no link in it is
    followed."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def read(self, parse: Callable[[Any], T]) -> T | None:
        """The result of `parse` for the JSON value; None if the file is missing or damaged. The
        next `write` replaces it."""
        if self._path is None:
            return None
        try:
            return parse(json.loads(confined.read_file(self._path, _LARGEST_CACHE)))
        except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None

    def write(self, value: Any) -> bool:
        """Store a value; return whether it was stored."""
        if self._path is None:
            return False
        try:
            owned.write(self._path.parent, self._path.name, data=json.dumps(value).encode())
        except StorageError:
            return False
        return True


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal, without the cache. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(handle: int, limit: int | None = None) -> str:
    """SHA-256 of the bytes from a handle's position to the end, or of at most `limit` bytes, so
    that reading a growing file ends."""
    with open(handle, "rb", buffering=0, closefd=False) as file:
        if limit is None:
            return hashlib.file_digest(file, "sha256").hexdigest()
        sha256, buffer = hashlib.sha256(), memoryview(bytearray(1 << 18))
        while limit > 0 and (size := file.readinto(buffer[:min(limit, len(buffer))])):
            sha256.update(buffer[:size])
            limit -= size
        return sha256.hexdigest()


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every regular file below a directory as (relative posix path, path), sorted; none if the
    directory does not exist. Links are not followed. Raises confined.Refused for a link in the
    directory's own path."""
    try:
        opened = confined.folder_at(folder)
    except FileNotFoundError:
        return
    with opened:
        for below, entry, _ in opened.walk():
            if entry.kind == "file":
                yield below, folder / below


FileStamp = tuple[int, int, int, int]  # size, mtime_ns, ctime_ns, inode


class Seen(NamedTuple):
    """A file or directory while it was open, all from one handle. `bytes` of a directory is 0."""

    sha256: str
    bytes: int
    identity: Identity


class Digests:
    """Digests of files and trees. With the stat cache, each file is read once per change.

    Safe for threads. `save()` writes the cache if it changed; losing it only costs time.
    """

    def __init__(self, cache_file: Path | None = None) -> None:
        self._kept = CacheFile(cache_file)
        self._lock = threading.Lock()
        self._known = self._kept.read(_known) or {}
        self._dirty = False

    def file(self, path: Path, stat: os.stat_result | None = None) -> str:
        """SHA-256 of a file by its absolute path. Raises OSError if it cannot be read,
        confined.Refused for a link. If the cache knows `stat`, the file is not opened; pass `stat`
        only for a file that this run has opened."""
        known = self._known.get(str(path))
        if stat is not None and known is not None and known[0] == _signature(stat):
            return known[1]
        with confined.opened(path) as handle:
            return self.of(handle, path)

    def seen(self, path: Path, *, sole: bool = False) -> Seen:
        """As `file`, with the file's size and identity, all from one handle. `sole`: refuse a hard
        link."""
        with confined.opened(path, sole=sole) as handle:
            status = os.fstat(handle)
            return Seen(self.of(handle, path), status.st_size, (status.st_dev, status.st_ino))

    def of(self, handle: int, path: Path) -> str:
        """SHA-256 of an open file at its beginning; `path` is its key in the cache."""
        before, name = os.fstat(handle), str(path)
        signature = _signature(before)
        known = self._known.get(name)
        if known is not None and known[0] == signature:
            return known[1]
        digest = sha256_of(handle, before.st_size)
        settled = time.time_ns() - max(before.st_mtime_ns, before.st_ctime_ns) > _GRAIN_NS
        with self._lock:
            if settled and _signature(os.fstat(handle)) == signature:
                self._known[name] = (signature, digest)
                self._dirty = True
            else:
                self._known.pop(name, None)
        return digest

    def tree(self, folder: Path, *, skip: frozenset[str] = frozenset()) -> str:
        """Digest of a directory: the relative paths of its files and their bytes. `skip` are names
        of directories to leave out at any depth."""
        return self.seen_tree(folder, skip=skip).sha256

    def seen_tree(self, folder: Path, *, skip: frozenset[str] = frozenset()) -> Seen:
        """As `tree`, with the directory's identity."""
        found = []
        with confined.folder_at(folder) as opened:
            for below, entry, directory in opened.walk():
                if entry.kind == "file" and not skip.intersection(below.split("/")):
                    with directory.file(entry.name) as handle:
                        found.append([below, self.of(handle, folder / below)])
            return Seen(digest_of(found), 0, opened.identity)

    def save(self) -> None:
        """Write the cache if it has new entries. A failed write is ignored."""
        if not self._dirty:
            return
        with self._lock:
            entries = dict(self._known)
            self._dirty = False
        self._dirty = not self._kept.write(entries) or self._dirty


def _known(entries: Any) -> dict[str, tuple[FileStamp, str]]:
    """The stat cache from its file's JSON value."""
    return {path: (tuple(stat), digest) for path, (stat, digest) in entries.items()}


def _signature(stat: os.stat_result) -> FileStamp:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
