"""Check a module's outputs against its contract: no undeclared files, no links, no missing
purchases.

Every error in the outputs is the step's failure: a Fault, never another exception.
"""
import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from platform import trees
from platform.files import Digests
from platform.model.characters import escaped, name_of, refused_in
from platform.model.content_type import content_type
from platform.model.contract import Contract, OutputPort
from platform.model.digest import digest_of
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile
from platform.run.fault import Fault

# an output must be readable and removable, whatever mode the module set
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755
NOT_WRITTEN = "output_write_failed"


def collect(
    step: PlannedStep, folder: Path, digests: Digests, limit_bytes: int = 0
) -> tuple[OutputFile, ...]:
    """The existing outputs, in the contract's order.

    It sets the usual modes and removes extended attributes, because a module could hide data there.

    Fault: the directory does not match the contract, contains more than `limit_bytes` (zero: no
    limit), cannot be read, or another process still writes to it.
    """
    try:
        with trees.opened_directory(folder) as top:
            os.fchmod(top, _FOLDER_MODE)
            trees.drop_attributes(top)
            statuses = _acceptable(step.contract, top)
            total = sum(
                status.st_size for status in statuses.values() if stat.S_ISREG(status.st_mode)
            )
            if 0 < limit_bytes < total:
                raise Fault(
                    "output_too_large", f"the outputs have {total} bytes, {limit_bytes} are allowed"
                )
            hashes = _hashes(top, folder, statuses, digests)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Fault(
            NOT_WRITTEN,
            "the outputs directory was removed or replaced, or changed while it was read; "
            "write into it and leave it in its place",
        ) from error
    except OSError as error:
        raise Fault(NOT_WRITTEN, f"the outputs cannot be collected: {error.strerror}") from error
    found = tuple(
        _output(port, statuses, hashes)
        for port in step.contract.outputs.values()
        if port.path in statuses
    )
    missing = sorted(step.required_outputs - {output.output_id for output in found})
    if missing:
        raise Fault("missing_output", f"bought and not made: {', '.join(missing)}")
    return found


def _acceptable(contract: Contract, top: int) -> dict[str, os.stat_result]:
    """The status of every entry below a directory by its path, as `trees.walk` returns them.

    Directories in the path of an output are accepted. Fault: an entry is not an output of the
    contract.
    """
    found = {}
    for path, entry in trees.paths(top):
        name = path.encode(errors="backslashreplace").decode()
        kind = entry.status.st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise Fault("undeclared_output", f"{name} is a link, pipe, socket or device; "
                                             "an output is a file or a folder")
        if entry.status.st_nlink > 1 and stat.S_ISREG(kind):
            raise Fault("undeclared_output", f"{name} is a hard link; write a file of its own")
        if name != path:
            raise Fault("undeclared_output", f"the name {name} is not UTF-8")
        if refused := refused_in(entry.name):
            raise Fault(
                "undeclared_output",
                f"the name {escaped(path)} has the character {name_of(refused)}; "
                "give the file another name",
            )
        if stat.S_ISREG(kind) and not any(
            _covers(port, path) for port in contract.outputs.values()
        ):
            raise Fault(
                "undeclared_output",
                f"{name} is not an output that {contract.module_id}'s module.yml declares",
            )
        found[path] = entry.status
    return found


def _covers(port: OutputPort, below: str) -> bool:
    return (
        below == port.path if port.type == "file" else below.startswith(f"{port.path.rstrip('/')}/")
    )


def _hashes(
    top: int, folder: Path, statuses: Mapping[str, os.stat_result], digests: Digests
) -> dict[str, str]:
    """SHA-256 of each file by its path, in the order of `files_below`. OSError: the entries differ
    from those that were accepted."""
    hashes, seen = {}, 0
    for path, entry in trees.paths(top):
        accepted = statuses.get(path)
        if accepted is None or _identity(entry.status) != _identity(accepted):
            raise _changing(path)
        seen += 1
        if stat.S_ISDIR(entry.status.st_mode):
            if stat.S_IMODE(entry.status.st_mode) != _FOLDER_MODE:
                trees.set_mode(entry.name, entry.within, _FOLDER_MODE)
            _drop_attributes(entry)
            continue
        handle = trees.open_file(entry.name, entry.within, _FILE_MODE)
        try:
            trees.drop_attributes(handle)
            hashes[path] = digests.of(handle, folder / path)
            if _identity(os.fstat(handle)) != _identity(accepted):
                raise _changing(path)
        finally:
            os.close(handle)
    if seen != len(statuses):
        raise _changing("the directory")
    return hashes


def _drop_attributes(entry: trees.TreeEntry) -> None:
    handle = trees.open_directory(entry.name, entry.within)
    try:
        trees.drop_attributes(handle)
    finally:
        os.close(handle)


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """What does not change unless a process writes. Of a directory, only its identity counts."""
    if stat.S_ISDIR(status.st_mode):
        return status.st_dev, status.st_ino
    return (
        status.st_dev,
        status.st_ino,
        stat.S_IFMT(status.st_mode),
        status.st_size,
        status.st_mtime_ns,
    )


def _changing(path: str) -> OSError:
    return OSError(
        errno.ESTALE,
        f"{path} changes while it is collected; end every process before run() returns",
    )


def _output(
    port: OutputPort, statuses: Mapping[str, os.stat_result], hashes: Mapping[str, str]
) -> OutputFile:
    status = statuses[port.path]
    if stat.S_ISDIR(status.st_mode) != (port.type == "dir"):
        raise Fault(
            "undeclared_output", f"{port.path} is not a {port.type}, which module.yml says it is"
        )
    if port.type == "dir":
        within = {
            path[len(port.path) + 1 :]: path for path in hashes if path.startswith(f"{port.path}/")
        }
        # the same form as `Digests.tree`
        tree = digest_of([[below, hashes[path]] for below, path in within.items()])
        return OutputFile(
            port.id, "dir", port.path, tree, sum(statuses[path].st_size for path in within.values())
        )
    return OutputFile(
        port.id, "file", port.path, hashes[port.path], status.st_size, content_type(port.path)
    )
