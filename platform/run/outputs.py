"""What a module left behind, held against its contract: nothing undeclared, no links, nothing bought missing."""
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from platform.files import Digests, files_below
from platform.model.content_type import content_type
from platform.model.contract import Contract, OutputPort
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile
from platform.run.fault import Fault

_FILE_MODE, _FOLDER_MODE = 0o644, 0o755  # whatever the module set: an output must be readable and removable


def collect(step: PlannedStep, folder: Path, digests: Digests, limit_bytes: int = 0) -> tuple[OutputFile, ...]:
    """The outputs that are there, in the contract's order. Fault when the folder is not what the contract says, or
    holds more than `limit_bytes` (zero: no limit). The folder's modes are made the usual ones."""
    total = 0
    for below, status in _entries(folder, ""):
        _acceptable(step.contract, below, status)
        total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    if 0 < limit_bytes < total:
        raise Fault("output_too_large", f"the outputs have {total} bytes, {limit_bytes} are allowed")
    found = tuple(_output(port, folder / port.path, digests) for port in step.contract.outputs.values()
                  if (folder / port.path).exists())
    missing = sorted(step.required_outputs - {output.output_id for output in found})
    if missing:
        raise Fault("missing_output", f"bought and not made: {', '.join(missing)}")
    return found


def _entries(folder: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below a folder as (posix path below it, lstat), sorted. Links are seen, not followed."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            status, below = entry.stat(follow_symlinks=False), f"{prefix}{entry.name}"
            if stat.S_ISDIR(status.st_mode):
                Path(entry.path).chmod(_FOLDER_MODE)
            elif stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
                Path(entry.path).chmod(_FILE_MODE)
            yield below, status
            if stat.S_ISDIR(status.st_mode):
                yield from _entries(Path(entry.path), f"{below}/")


def _acceptable(contract: Contract, below: str, status: os.stat_result) -> None:
    """Fault for an entry that is no output of this contract. Folders on the way to an output may stand."""
    name = below.encode(errors="backslashreplace").decode()
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise Fault("undeclared_output", f"{name} is a link, pipe or device; an output is a file or a folder")
    if status.st_nlink > 1 and stat.S_ISREG(status.st_mode):
        raise Fault("undeclared_output", f"{name} is a hard link; write a file of its own")
    if name != below:
        raise Fault("undeclared_output", f"the name {name} is not UTF-8")
    if stat.S_ISREG(status.st_mode) and not any(_covers(port, below) for port in contract.outputs.values()):
        raise Fault("undeclared_output", f"{name} is not an output that {contract.module_id}'s module.yml declares")


def _covers(port: OutputPort, below: str) -> bool:
    return below == port.path if port.type == "file" else below.startswith(f"{port.path.rstrip('/')}/")


def _output(port: OutputPort, path: Path, digests: Digests) -> OutputFile:
    if path.is_dir() != (port.type == "dir"):
        raise Fault("undeclared_output", f"{port.path} is not a {port.type}, which module.yml says it is")
    if port.type == "dir":
        size = sum(file.stat().st_size for _, file in files_below(path))
        return OutputFile(port.id, "dir", port.path, digests.tree(path), size)
    return OutputFile(port.id, "file", port.path, digests.file(path), path.stat().st_size, content_type(port.path))
