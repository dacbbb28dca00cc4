"""Opens what tenants, modules and the configuration name: below a directory, and through no link.

Rules: a name is a relative path; `..`, NUL and absolute names are refused by their words alone. Every directory on the
way is opened as itself, so a symbolic link is refused wherever it stands, also one that appears during the run. Only
regular files are opened, and a pipe makes nobody wait. What is returned is an open handle: what is decided about it
(`os.fstat`) and what is read from it are one and the same file, whatever happens to its name.

How a name is opened is `openat`'s. Of a directory there are handles only, so a listing and what is opened after it are
of the same directory.
"""
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from platform.openat import FILE, FOLDER, HARD_LINK, LINK, Refused, below, parts_of, top, walked, words_of

__all__ = ["HARD_LINK", "Entry", "Folder", "Refused", "create", "folder_at", "inside", "kind_at", "make_folders",
           "named", "opened", "read", "read_file"]

_DEEPEST = 256  # directories; each is an open handle while what is below it is listed
_CHUNK = 1 << 20


class Entry(NamedTuple):
    """What a directory has under a name: `kind` is `file`, `folder`, or words for what is neither."""

    name: str
    kind: str


class Folder:
    """An open directory. What is below it is opened through its handle."""

    def __init__(self, handle: int, name: str = "") -> None:
        self._handle, self._name = handle, name

    @classmethod
    def at(cls, path: Path) -> "Folder":
        """The directory that an operator named; links on the way to it are theirs and are followed, once."""
        return cls(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY))

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)

    @property
    def handle(self) -> int:
        """For what the kernel does below an open directory: it stays this object's."""
        return self._handle

    @property
    def path(self) -> Path:
        """A path of this very directory while it is open, whatever its name leads to, where the system has one. It is
        a link of the kernel's, which `opened` and `folder_at` refuse."""
        by_handle = Path(f"/proc/self/fd/{self._handle}")
        return by_handle if by_handle.is_dir() else Path(self._name)

    @property
    def identity(self) -> tuple[int, int]:
        """Its device and inode."""
        status = os.fstat(self._handle)
        return status.st_dev, status.st_ino

    def named(self, name: str) -> str:
        """The name of something below this directory, from the directory that was opened first."""
        return f"{self._name}/{name}" if self._name else name

    def folder(self, name: str) -> "Folder":
        """A directory below this one. Refused for a link and for what is no directory, FileNotFoundError when there is
        none, OSError when it cannot be opened."""
        return Folder(below(self._handle, name, FOLDER, self._name or None), self.named(name))

    @contextmanager
    def file(self, name: str, *, sole: bool = False) -> Iterator[int]:
        """A handle to read a regular file below this directory by. `sole`: not one that has another name, by which it
        may be anybody's. Errors as `folder`."""
        handle = below(self._handle, name, FILE, self._name or None)
        try:
            yield _regular(handle, self.named(name), sole=sole)
        finally:
            os.close(handle)

    def entries(self) -> list[Entry]:
        """What is in this directory, sorted by name; a link is a link, whatever it leads to."""
        with os.scandir(self._handle) as found:
            return sorted(Entry(entry.name, _kind_of(entry)) for entry in found)

    def names(self) -> list[str]:
        """The names in this directory, in no order."""
        with os.scandir(self._handle) as found:
            return [entry.name for entry in found]

    def walk(self) -> Iterator[tuple[str, Entry, "Folder"]]:
        """Everything below that is no directory, as (posix path below this one, entry, its own directory), a
        directory's own entries before those of its directories. Refused for what is nested deeper than _DEEPEST."""
        yield from _walk(self, "", 0)


def _walk(folder: Folder, prefix: str, depth: int) -> Iterator[tuple[str, Entry, Folder]]:
    entries = folder.entries()
    if depth > _DEEPEST:
        raise Refused(folder.named(""), f"nested deeper than {_DEEPEST} directories", errno.ENAMETOOLONG)
    yield from ((prefix + entry.name, entry, folder) for entry in entries if entry.kind != "folder")
    for entry in entries:
        if entry.kind == "folder":
            with folder.folder(entry.name) as inner:
                yield from _walk(inner, f"{prefix}{entry.name}/", depth + 1)


@contextmanager
def opened(path: Path, *, sole: bool = False) -> Iterator[int]:
    """A handle to read a regular file by; no link stands anywhere in its absolute path. Otherwise as `Folder.file`."""
    handle = below(top(), _from_top(path), FILE, "")
    try:
        yield _regular(handle, str(path), sole=sole)
    finally:
        os.close(handle)


@contextmanager
def named(path: Path) -> Iterator[int]:
    """The same of a file that a person at this machine names: links in its path are theirs and are followed."""
    handle = os.open(path, FILE & ~os.O_NOFOLLOW)
    try:
        yield _regular(handle, str(path))
    finally:
        os.close(handle)


def folder_at(path: Path) -> Folder:
    """A directory; no link stands anywhere in its absolute path. Errors as `Folder.folder`."""
    return Folder(below(top(), _from_top(path), FOLDER, ""), str(path))


def inside(folder: Path, name: str) -> Path:
    """The path of a relative name below a folder. Refused for a name that leads elsewhere by its words: `folder / name`
    forgets the folder when the name is absolute."""
    return folder.joinpath(*parts_of(name))


def kind_at(path: Path) -> str:
    """`file`, `folder`, or nothing when there is neither, or when it is not to be reached without a link."""
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
    """Make a directory and those above it, below an open one. Errors as `Folder.folder`."""
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
    """Write a new file below an open directory, and the directories above it. FileExistsError when something stands
    there, otherwise as `Folder.folder`."""
    *above, last = parts_of(name)
    if above:
        make_folders(folder, "/".join(above))
    with folder.folder("/".join(above)) if above else nullcontext(folder) as parent:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(last, flags, 0o666, dir_fd=parent.handle), "wb") as file:
            file.write(data)


def read(handle: int, limit: int) -> bytes:
    """At most `limit` + 1 bytes from where the handle is: one more than allowed says that there are too many."""
    data = bytearray()
    while len(data) <= limit and (chunk := os.read(handle, min(_CHUNK, limit + 1 - len(data)))):
        data += chunk
    return bytes(data)


def read_file(path: Path, limit: int) -> bytes:
    """A file of at most `limit` bytes, read whole; no link stands in its absolute path. Errors as `Folder.folder`, and
    OSError (EFBIG) when it is larger."""
    with opened(path) as handle:
        data = read(handle, limit)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit >> 20} MiB")
    return data


def _from_top(path: Path) -> str:
    if not path.is_absolute():
        raise Refused(str(path), "no absolute path", errno.EINVAL)
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
