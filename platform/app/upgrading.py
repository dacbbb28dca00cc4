"""Brings the files up to date that the tool wrote into a workspace, and nothing else."""
import hashlib
import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from platform import called, toolfiles
from platform.app.records import Records
from platform.app.tool import tool_of
from platform.app.workspace import Workspace
from platform.config.csv import read_csv
from platform.config.schema import problems_of, schema, schema_faults
from platform.confined import Folder, create, folder_at, kind_at, read_file
from platform.errors import InputError, StorageError, UsageError
from platform.files import write_atomic
from platform.model.digest import sha256_hex
from platform.run.inputs import FORMAT
from platform.scaffold.checkout import KEPT, ModuleCopy, Modules, different, to_move
from platform.scaffold.upgrade import (
    HEADED,
    RECORD,
    AgeState,
    Outdated,
    WrittenFile,
    is_tools,
    newest_version,
    outdated,
    record_file,
    schema_files,
    version_key,
)
from platform.scaffold.workspace import PIN, operator_files, tool_files

_LARGEST = 2 * 1024 * 1024
_VERSION = re.compile(rb"(?m)^version: *[\"']?([0-9A-Za-z.+-]+)")


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What in a workspace is older than the tool."""

    files: tuple[Outdated, ...]
    moves: tuple[str, ...]  # of a checkout of the tool
    different: tuple[str, ...]  # modules of a checkout that differ from the built-in ones
    old_records: int  # run records of an earlier format

    @property
    def is_needed(self) -> bool:
        return bool(self.files or self.moves or self.old_records)


def upgrade_of(workspace: Workspace) -> Upgrade:
    """Compare a workspace with the tool that runs; nothing is written.

    Raises:
        InputError: `.platform/files.csv` has errors.
        UsageError: a later version wrote the workspace.
        StorageError: a file cannot be read, or a link is in its place.
    """
    root = workspace.root
    records = _old_records(workspace)
    if toolfiles.is_other_checkout(root):
        here, ours = _copies(root / "modules"), _copies(toolfiles.MODULES)
        moves = to_move(lambda path: (root / path).exists(), here, ours)
        return Upgrade((), tuple(moves), tuple(different(here, ours)), records)
    if toolfiles.is_checkout(root):
        return Upgrade((), (), (), records)
    record, tool = _record(root), tool_of()
    newest = newest_version(tool, record, _read(root, PIN))
    if version_key(newest) > version_key(tool.version):
        raise UsageError(f"{root}: this workspace is of version {newest}, and this tool is "
                         f"{tool.version}; install {tool.requirement}=={newest} or later")
    headed = sorted(path.relative_to(root).as_posix() for pattern in HEADED
                    for path in root.glob(pattern) if kind_at(path) == "file")
    return Upgrade(tuple(outdated(tool, record, lambda path: _read(root, path), headed)), (), (),
                   records)


def convert(root: Path, moves: Iterable[str], today: str) -> list[str]:
    """Move the tool's files of a checkout to KEPT, and write what a workspace has in their place.
    Return the paths that were written. `moves` are those of its Upgrade; `today` is a day.

    Raises:
        StorageError: the disk refused. Repeating the command continues.
    """
    try:
        for path in moves:
            target = root / KEPT / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (root / path).rename(target)
    except OSError as error:
        raise StorageError(f"{path}: cannot be moved to {KEPT}/ ({error.strerror}); fix the cause, "
                           "then try again") from error
    tool = tool_of()
    own = operator_files(tool, today, example=False)
    files = {**tool_files(tool), **schema_files(tool), PIN: own[PIN], "README.md": own["README.md"]}
    written = []
    for path, data in files.items():
        if _read(root, path) is None:
            _create(root, path, data)
            written.append(path)
    return [*written, *_save(root, {}, ())]


def apply(root: Path, files: Iterable[Outdated], replaced: Collection[str],
          kept: Collection[str]) -> list[str]:
    """Write the files that nobody edited, and the record. Return the paths that were changed.

    Args:
        replaced: edited files to replace all the same.
        kept: edited files that count as up to date from now on.

    Raises:
        StorageError: the disk refused. Each file is whole; repeating the command continues.
    """
    changed = []
    for one in files:
        if one.state is AgeState.EDITED and one.path not in replaced:
            continue
        if one.new is None:
            _remove(root, one.path)
        elif one.now is None:
            _create(root, one.path, one.new)
        else:
            write_atomic(root / one.path, one.new)
        changed.append(one.path)
    return [*changed, *_save(root, _record(root), kept)]


def _remove(root: Path, path: str) -> None:
    """Remove a file, and its directory if that was the last one."""
    try:
        with folder_at(root) as top, top.folder(str(PurePosixPath(path).parent)) as folder:
            os.unlink(PurePosixPath(path).name, dir_fd=folder.handle)
        with suppress(OSError):  # not empty
            (root / path).parent.rmdir()
    except OSError as error:
        raise StorageError(f"{path}: cannot be removed ({error.strerror or error}); fix the cause, "
                           "then try again") from error


def _save(root: Path, record: dict[str, WrittenFile], kept: Collection[str]) -> list[str]:
    """Record the files that are as this version writes them, or that count as such."""
    tool = tool_of()
    new = {path: one for path, one in record.items() if _read(root, path) is not None
           or not path.startswith(".platform/")}
    for path, data in {**tool_files(tool), **schema_files(tool)}.items():
        if path in kept or _read(root, path) == data:
            known = record.get(path)
            digest = sha256_hex(data)
            if known is None or known.sha256 != digest:
                new[path] = WrittenFile(tool.version, digest)
    data = record_file(new)
    if _read(root, RECORD) == data:
        return []
    if _read(root, RECORD) is None:
        _create(root, RECORD, data)
    else:
        write_atomic(root / RECORD, data)
    return [RECORD]


def _record(root: Path) -> dict[str, WrittenFile]:
    data = _read(root, RECORD)
    if data is None:
        return {}
    rows, problems = read_csv(data, RECORD, schema("workspace_files"))
    for row in rows:
        problems += problems_of(schema_faults("workspace_files", row.values, "the row"), row.source)
    if problems:
        raise InputError(problems)
    return {row.values["path"]: WrittenFile(row.values["version"], row.values["sha256"])
            for row in rows if is_tools(row.values["path"])}


def _old_records(workspace: Workspace) -> int:
    """The run records whose steps run once more, free of charge, because their format is older."""
    records = Records(workspace.runtime_dir)
    found = (record for order in workspace.order_ids() for record in records.every(order))
    return sum(record.inputs.get("format", FORMAT) < FORMAT for record in found)


def _read(root: Path, path: str) -> bytes | None:
    try:
        return read_file(root / path, _LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror or error}); fix the cause, "
                           f"then run `{called.command('upgrade')}` again") from error


def _create(root: Path, path: str, data: bytes) -> None:
    try:
        with Folder.at(root) as top:
            create(top, path, data)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error}); fix the cause, "
                           "then try again") from error


def _copies(folder: Path) -> Modules:
    """The modules in a directory, without what Python writes."""
    found = {}
    for module in sorted(folder.iterdir()) if folder.is_dir() else ():
        if module.is_dir() and not module.is_symlink():
            digest, version = hashlib.sha256(), None
            for path in sorted(module.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    data = path.read_bytes()
                    digest.update(f"{path.relative_to(module)} {len(data)}\n".encode() + data)
                    if path.name == "module.yml":
                        version = _VERSION.search(data)
            found[module.name] = ModuleCopy(version[1].decode() if version else "",
                                            digest.hexdigest())
    return found
