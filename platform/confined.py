"""Opens files that tenants, modules and the configuration name: below a directory, never by a link.

A name is a relative path. `..`, NUL and absolute names are refused without a look at the disk. Each
directory on the path is opened itself, so a symbolic link is refused at any place, also one that
appears during the run. Only regular files are opened, and a pipe blocks nothing.

Every function returns an open handle, so a decision (`os.fstat`) and a read are about the same
file, whatever happens to its name. Directories are handles too, so a listing and the files opened
after it belong to the same directory. The module `openat` opens single names.
"""
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from platform.openat import (
    FILE,
    FOLDER,
    HARD_LINK,
    LINK,
    Refused,
    below,
    parts_of,
    top,
    walked,
    words_of,
)

__all__ = [
    "HARD_LINK",
    "Entry",
    "Folder",
    "Refused",
    "create",
    "folder_at",
    "inside",
    "kind_at",
    "make_folders",
    "named",
    "opened",
    "read",
    "read_file",
]

_DEEPEST = 256  # directories; each has an open handle while its contents are listed
_CHUNK = 1 << 20


class Entry(NamedTuple):
    """An entry of a directory: `kind` is `file`, `folder`, or a description of any other kind."""

    name: str
    kind: str


class Folder:
    """An open directory. Everything below it is opened through its handle."""

    def __init__(self, handle: int, name: str = "") -> None:
        self._handle, self._name = handle, name

    @classmethod
    def at(cls, path: Path) -> "Folder":
        """A directory that an operator named: links in its path are followed, once."""
        return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY))

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    @property
    def handle(self) -> int:
        """The file descriptor, for system calls below the directory. This object closes it."""
        return self._handle

    @property
    def path(self) -> Path:
        """A path of this directory while it is open, whatever happens to its name, if the system
        offers one. It is a link of the kernel, so `opened` and `folder_at` refuse it."""
        by_handle = Path(f"/proc/self/fd/{self._handle}")
        return by_handle if by_handle.is_dir() else Path(self._name)

    @property
    def identity(self) -> tuple[int, int]:
        """Its device and inode."""
        status = os.fstat(self._handle)
        return status.st_dev, status.st_ino

    def named(self, name: str) -> str:
        """The path of a name in this directory, relative to the directory that was opened first."""
        return f"{self._name}/{name}" if self._name else name

    def folder(self, name: str) -> "Folder":
        """A directory below this one. Raises Refused for a link and for anything that is not a
        directory, FileNotFoundError if it does not exist, OSError if it cannot be opened."""
        return Folder(below(self._handle, name, FOLDER, self._name or None), self.named(name))

    @contextmanager
    def file(self, name: str, *, sole: bool = False) -> Iterator[int]:
        """A read handle of a regular file below this directory. `sole`: refuse a hard link, because
        the file may belong to someone else. Errors as `folder`."""
        handle = below(self._handle, name, FILE, self._name or None)
        try:
            yield _regular(handle, self.named(name), sole=sole)
        finally:
            os.close(handle)

    def entries(self) -> list[Entry]:
        """The entries of this directory, sorted by name. The kind of a link is that of the link,
        not of its target."""
        with os.scandir(self._handle) as found:
            return sorted(Entry(entry.name, _kind_of(entry)) for entry in found)

    def names(self) -> list[str]:
        """The names in this directory, in no order."""
        with os.scandir(self._handle) as found:
            return [entry.name for entry in found]

    def walk(self) -> Iterator[tuple[str, Entry, "Folder"]]:
        """Everything below that is not a directory, as (relative posix path, entry, its directory).
        A directory's own entries come before those of its subdirectories. Raises Refused for
        entries deeper than _DEEPEST."""
        yield from _walk(self, "", 0)


def _walk(folder: Folder, prefix: str, depth: int) -> Iterator[tuple[str, Entry, Folder]]:
    entries = folder.entries()
    if depth > _DEEPEST:
        raise Refused(
            folder.named(""), f"nested deeper than {_DEEPEST} directories", errno.ENAMETOOLONG
        )
    yield from ((prefix + entry.name, entry, folder) for entry in entries if entry.kind != "folder")
    for entry in entries:
        if entry.kind == "folder":
            with folder.folder(entry.name) as inner:
                yield from _walk(inner, f"{prefix}{entry.name}/", depth + 1)


@contextmanager
def opened(path: Path, *, sole: bool = False) -> Iterator[int]:
    """A read handle of a regular file by its absolute path, in which every link is refused. Errors
    as `Folder.file`."""
    handle = below(top(), _from_top(path), FILE, "")
    try:
        yield _regular(handle, str(path), sole=sole)
    finally:
        os.close(handle)


@contextmanager
def named(path: Path) -> Iterator[int]:
    """As `opened`, for a file that a person at this machine names: links in its path are
    followed."""
    handle = os.open(path, FILE & ~os.O_NOFOLLOW)
    try:
        yield _regular(handle, str(path))
    finally:
        os.close(handle)


def folder_at(path: Path) -> Folder:
    """A directory by its absolute path, in which every link is refused. Errors as
    `Folder.folder`."""
    return Folder(below(top(), _from_top(path), FOLDER, ""), str(path))


def inside(folder: Path, name: str) -> Path:
    """The path of a relative name below a directory. Raises Refused for a name that leads out of
    it; `folder / name` would ignore the directory if the name is absolute."""
    return folder.joinpath(*parts_of(name))


def kind_at(path: Path) -> str:
    """`file` or `folder`; empty if the path is neither, or contains a link."""
    try:
        handle = below(top(), _from_top(path), FILE, "")
    except OSError:
        return ""
    try:
        mode = os.fstat(handle).st_mode
    finally:
        os.close(handle)
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else ""


def make_folders(folder: Folder, name: str) -> None:
    """Create a directory and its parents below an open directory. Errors as `Folder.folder`."""
    parts = parts_of(name)
    here = os.dup(folder.handle)
    try:
        for index, part in enumerate(parts):
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=here)
            made = walked(here, [part], FOLDER, folder.named("/".join(parts[:index])) or None)
            os.close(here)
            here = made
    finally:
        os.close(here)


def create(folder: Folder, name: str, data: bytes) -> None:
    """Write a new file below an open directory, and create its parents. Raises FileExistsError if
    the name exists; other errors as `Folder.folder`."""
    *above, last = parts_of(name)
    if above:
        make_folders(folder, "/".join(above))
    with folder.folder("/".join(above)) if above else nullcontext(folder) as parent:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(last, flags, 0o666, dir_fd=parent.handle)
        try:
            with open(handle, "wb") as file:
                file.write(data)
        except OSError:  # a full disk: no part of a file is left
            with suppress(OSError):
                os.unlink(last, dir_fd=parent.handle)
            raise


def read(handle: int, limit: int) -> bytes:
    """At most `limit` + 1 bytes from the handle's position. The extra byte shows that the file
    exceeds the limit."""
    data = bytearray()
    while len(data) <= limit and (chunk := os.read(handle, min(_CHUNK, limit + 1 - len(data)))):
        data += chunk
    return bytes(data)


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a file by its absolute path, in which every link is refused. Errors as
    `Folder.folder`; also OSError (EFBIG) if the file is larger than `limit` bytes."""
    with opened(path) as handle:
        data = read(handle, limit)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB")
    return data


def _from_top(path: Path) -> str:
    if not path.is_absolute():
        raise Refused(str(path), "not an absolute path", errno.EINVAL)
    return str(path)[1:]


def _regular(handle: int, name: str, *, sole: bool = False) -> int:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        raise Refused(name, words_of(found.st_mode), errno.EINVAL)
    if sole and found.st_nlink > 1:
        raise Refused(name, HARD_LINK, errno.EMLINK)
    return handle


def _kind_of(entry: "os.DirEntry[str]") -> str:
    if entry.is_file(follow_symlinks=False):
        return "file"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return LINK if entry.is_symlink() else words_of(entry.stat(follow_symlinks=False).st_mode)
