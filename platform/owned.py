"""Creates, writes and renames the platform's own files in directories that modules can reach.

A step that runs as a plain process can replace each of these directories with a link, also between
two operations. So each directory is opened from its parent, never through a link, and operations
use the open handle. A link is refused and not removed, because its purpose is unknown.
"""
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from platform.confined import Folder, Refused, folder_at
from platform.errors import StorageError
from platform.openat import explained
from platform.trees import clear_flags, open_directory

_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free space"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "fix the permissions"),
    **dict.fromkeys((errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG), "name another path"),
    errno.ENOENT: "create its directory",
    errno.EEXIST: "remove what is there",
    **dict.fromkeys((errno.EBUSY, errno.ENOTEMPTY, errno.ETXTBSY), "end what uses it"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit of open files"),
}
_CREATED = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITTEN = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Displaced(StorageError):
    """The path of a directory or file of the platform is occupied by something else."""


@contextmanager
def owned(top: Path, *names: str, make: bool = False, mend: bool = False) -> Iterator[Folder]:
    """The directory `top`/`names`..., opened one name at a time from `top`, an absolute path.

    `make` creates missing directories. `mend` repairs modes and flags with which the owner
    cannot use a directory below `top`. Raises Refused, which names it, for a link and for
    anything that is not a directory; FileNotFoundError, and any other OSError."""
    here = _top(top, make=make)
    try:
        for name in names:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=here.handle)
            below = _mended(here, name) if mend else here.folder(name)
            here.__exit__()
            here = below
        yield here
    finally:
        here.__exit__()


def _mended(above: Folder, name: str) -> Folder:
    try:
        below = Folder(open_directory(name, above.handle), above.named(name))
    except OSError as error:
        raise explained(above.handle, name, above.named(name), error) from None
    with suppress(PermissionError):  # not this user's to clear; what needs it fails itself
        clear_flags(below.handle)
    return below


def placed(root: Path, name: str) -> Path:
    """The absolute path of a directory that the configuration names, relative to the repository.

    In the repository, no part of the path may be a link, because a module could have created it.
    Outside, the directory belongs to the operator, and links are followed here, once."""
    return root / name if within(name) else (root / name).resolve()


def within(name: str) -> bool:
    """Whether a name, by its text alone, leads to something in the repository."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _top(path: Path, *, make: bool) -> Folder:
    try:
        return folder_at(path)
    except FileNotFoundError:
        if not make:
            raise
    path.mkdir(parents=True, exist_ok=True)
    return folder_at(path)


@contextmanager
def replacing(
    folder: Folder, name: str, *, durable: bool = False, once: bool = False
) -> Iterator[BinaryIO]:
    """A new file that replaces a name in an open directory at the end of `with`.

    A reader sees the old bytes or the new ones, never a part. A link is replaced itself. If `with`
    ends with an exception, nothing changes. `durable`: bytes and name survive a power failure.
    `once`: replace nothing; raise FileExistsError if the name exists. Raises OSError if the disk
    fails."""
    temporary = f".{name}.{secrets.token_hex(6)}"
    try:
        with open(os.open(temporary, _CREATED, 0o644, dir_fd=folder.handle), "w+b") as file:
            yield file
            os.fchmod(file.fileno(), 0o644)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        if once:
            os.link(
                temporary,
                name,
                src_dir_fd=folder.handle,
                dst_dir_fd=folder.handle,
                follow_symlinks=False,
            )
            os.unlink(temporary, dir_fd=folder.handle)
        else:
            os.replace(temporary, name, src_dir_fd=folder.handle, dst_dir_fd=folder.handle)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=folder.handle)
        raise
    if durable:
        make_durable(folder)


def make_durable(folder: Folder) -> None:
    """Make a rename or creation in an open directory durable."""
    os.fsync(folder.handle)


def replace(folder: Folder, name: str, data: bytes, *, durable: bool = False) -> None:
    """Replace a whole file with `data`, as `replacing`."""
    with replacing(folder, name, durable=durable) as file:
        file.write(data)


def write(top: Path, *names: str, data: bytes, durable: bool = False) -> None:
    """`replace` the file `top`/`names`... and create its directories. Raises Displaced, or
    StorageError if the disk fails."""
    *above, name = names
    try:
        with owned(top, *above, make=True) as folder:
            replace(folder, name, data, durable=durable)
    except OSError as error:
        raise storage_error(top.joinpath(*names), "be written", error) from error


def writing(folder: Folder, name: str, flags: int) -> int:
    """A handle to write to a file in an open directory; a missing file is created.

    `flags`: of os.open, such as O_RDWR. Raises Refused for a link and for what cannot be written,
    such as a directory; OSError."""
    try:
        return os.open(name, flags | _WRITTEN, 0o644, dir_fd=folder.handle)
    except OSError as error:
        raise explained(folder.handle, name, folder.named(name), error) from None


def adding(folder: Folder, name: str) -> int:
    """A handle to append to a regular file in an open directory, as `writing` opens it."""
    return writing(folder, name, os.O_WRONLY | os.O_APPEND)


def exists(folder: Folder, name: str) -> bool:
    """Whether a name exists in an open directory; a link counts."""
    try:
        os.lstat(name, dir_fd=folder.handle)
    except FileNotFoundError:
        return False
    return True


def storage_error(path: Path, what: str, error: OSError) -> StorageError:
    """The error to show: Displaced, which names the obstacle, or a StorageError."""
    if isinstance(error, Refused):
        return Displaced(
            f"{error.offender}: is {error.kind} where the platform keeps what is its own, and is "
            "not followed; remove it, find out what put it there, then run again"
        )
    return StorageError(
        f"{path}: cannot {what} ({error.strerror or error}); {remedy(error)}, then run again"
    )


def remedy(error: OSError) -> str:
    """What a person does about an error of the disk."""
    return _REMEDIES.get(error.errno or 0, "repair the disk")
