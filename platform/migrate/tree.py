"""Reads the modules below a directory that a person named, and writes what `migrate` makes of them.

The directory is a module, a directory of modules, or a workspace. Links below it are not followed.
A contract is replaced whole. What is replaced or retired is kept first, in `.earlier/` beside the
module's directory, where nothing reads it; an earlier backup is never overwritten.
"""
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from platform import owned
from platform.config.read import MAX_BYTES, Document, read_yaml
from platform.config.text import linked, read_bytes, refused, shown_file
from platform.confined import Folder, Refused
from platform.confined import read as read_handle
from platform.errors import UsageError
from platform.files import is_folder, real_path
from platform.migrate.beside import FILES
from platform.migrate.plan import CONTRACT, Migration, migration, with_marks_of
from platform.model.problem import Problem, SourceFile

BACKUP = ".earlier"
_MOST_BACKUPS = 1000


@dataclass(frozen=True, slots=True)
class EarlierModule:
    """A module's directory. `above` is the directory that contains it, `name` its name there."""

    above: Path
    name: str
    shown: str  # as the person named it, for a message of one line

    @property
    def path(self) -> Path:
        return self.above / self.name


def modules_below(named: str) -> tuple[list[EarlierModule], list[Problem]]:
    """The modules of the directory `named`, sorted, and a problem for each entry that is a link.

    Raises:
        UsageError: it is not a directory, or has no module.yml where one is expected.
        StorageError: it cannot be read.
    """
    top = real_path(named)
    shown = shown_file(named.rstrip("/") or "/")
    if not is_folder(top):
        raise UsageError(f"{shown_file(named)}: is not a directory; name a module, a directory of "
                         "modules, or a workspace")
    if os.path.lexists(top / CONTRACT):
        return [EarlierModule(top.parent, top.name, shown)], []
    if is_folder(top / "modules") and not (top / "modules").is_symlink():
        top, shown = top / "modules", f"{shown}/modules"
    try:
        with Folder(os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), shown) as folder:
            entries = [entry for entry in folder.entries() if entry.name[0] not in "._"]
    except OSError as error:
        raise owned.storage_error(top, "be read", error) from error
    found = [EarlierModule(top, entry.name, f"{shown}/{shown_file(entry.name)}")
             for entry in entries
             if entry.kind == "folder" and os.path.lexists(top / entry.name / CONTRACT)]
    wrong = [linked(Refused(shown_file(f"{shown}/{entry.name}"), entry.kind))
             for entry in entries if entry.kind not in ("folder", "file")]
    if not found and not wrong:
        raise UsageError(f"{shown_file(named)}: has no {CONTRACT}, neither itself nor in a "
                         "directory below it; name a module, a directory of modules, or a "
                         "workspace")
    return found, wrong


@contextmanager
def _opened(module: EarlierModule) -> Iterator[Folder]:
    with Folder(os.open(module.above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as above, \
            above.folder(module.name) as inner:
        yield Folder(inner.handle, module.shown)


def planned_migration(module: EarlierModule) -> Migration:
    """What `migrate` does with a module. Files that cannot be read are in `left`."""
    try:
        with _opened(module) as folder:
            contract = _document(folder, CONTRACT)
            beside = {name: _document(folder, name) for name in FILES
                      if os.path.lexists(module.path / name)}
    except Refused as error:
        return Migration(left=(refused(error, module.shown),))
    except OSError as error:
        raise owned.storage_error(module.path, "be read", error) from error
    return migration(contract, beside)


def _document(folder: Folder, name: str) -> Document:
    data = read_bytes(folder, name, MAX_BYTES)
    if isinstance(data, Problem):
        return Document(None, SourceFile(data.place.file), problems=(data,))
    return read_yaml(data, shown_file(folder.named(name)))


def write_migration(module: EarlierModule, plan: Migration) -> tuple[list[str], str]:
    """Write the new contract, and move the retired files to the backup.

    Returns:
        The written and the retired files, and the directory of the backup, as people type them.

    Raises:
        StorageError: the disk failed. The contract is the earlier one or the new one, whole.
    """
    replaced = [CONTRACT] if plan.text is not None else []
    try:
        with _opened(module) as folder:
            data = {name: _bytes(folder, name) for name in (*replaced, *plan.retired)}
            backup = _backed_up(module, data)
            if plan.text is not None:
                owned.replace(folder, CONTRACT, with_marks_of(data[CONTRACT], plan.text),
                              durable=True)
            for name in plan.retired:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder.handle)
    except OSError as error:
        raise owned.storage_error(module.path, "be written", error) from error
    parent = module.shown.rpartition("/")[0]
    return ([f"{module.shown}/{name}" for name in data],
            "/".join(filter(None, (parent, backup, shown_file(module.name)))))


def _bytes(folder: Folder, name: str) -> bytes:
    with folder.file(name) as handle:
        return read_handle(handle, MAX_BYTES)


def _backed_up(module: EarlierModule, data: dict[str, bytes]) -> str:
    """Keep these files in the first directory that has no other files of these names; its name."""
    for number in range(1, _MOST_BACKUPS):
        backup = BACKUP if number == 1 else f"{BACKUP}-{number}"
        with owned.owned(module.above, backup, module.name, make=True) as folder:
            if any(_differs(folder, name, content) for name, content in data.items()):
                continue
            for name, content in data.items():
                if not owned.exists(folder, name):
                    owned.replace(folder, name, content, durable=True)
        return backup
    raise UsageError(f"{module.shown}: has {_MOST_BACKUPS} backups in {BACKUP}-*; delete some")


def _differs(folder: Folder, name: str, content: bytes) -> bool:
    """Whether the directory has another file of that name."""
    try:
        return _bytes(folder, name) != content
    except FileNotFoundError:
        return False
    except Refused:
        return True
