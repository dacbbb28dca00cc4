"""What a module left behind, held against its contract: nothing undeclared, no links, nothing bought missing."""
import os
import stat
from pathlib import Path

from platform.files import Digests, files_below
from platform.model.contract import OutputPort
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile

CONTENT_TYPES = {
    ".csv": "text/csv", ".eml": "message/rfc822", ".html": "text/html", ".jpg": "image/jpeg",
    ".json": "application/json", ".jsonl": "application/jsonl", ".md": "text/markdown", ".pdf": "application/pdf",
    ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain", ".xml": "application/xml",
    ".zip": "application/zip",
}  # a table of our own: the machine's may differ from machine to machine


class OutputError(Exception):
    """An output that breaks the contract: the step fails with `reason`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def collect(step: PlannedStep, folder: Path, digests: Digests, limit_bytes: int) -> tuple[OutputFile, ...]:
    """The outputs that are there, by output id. OutputError when the folder is not what the contract says."""
    ports = step.contract.outputs.values()
    total = 0
    for below, mode, size in _entries(folder):
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OutputError("undeclared_output", f"{below} is a link or a device; only files and folders are outputs")
        if stat.S_ISREG(mode) and not any(_covers(port, below) for port in ports):
            raise OutputError("undeclared_output", f"{below} is not an output of {step.contract.module_id}")
        total += size
    if limit_bytes and total > limit_bytes:
        raise OutputError("output_too_large", f"the outputs have {total} bytes, {limit_bytes} are allowed")
    found = tuple(_output(port, folder / port.path, digests) for port in ports if (folder / port.path).exists())
    missing = sorted(step.required_outputs - {output.output_id for output in found})
    if missing:
        raise OutputError("missing_output", f"{', '.join(missing)} was bought and not made")
    return found


def _entries(folder: Path) -> list[tuple[str, int, int]]:
    """Everything below a folder as (posix path, mode, bytes), sorted; links are seen, not followed."""
    entries = []
    for base, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            status = Path(base, name).lstat()
            size = status.st_size if stat.S_ISREG(status.st_mode) else 0
            entries.append((Path(base, name).relative_to(folder).as_posix(), status.st_mode, size))
    return sorted(entries)


def _covers(port: OutputPort, below: str) -> bool:
    return below == port.path or (port.type == "dir" and below.startswith(port.path.rstrip("/") + "/"))


def _output(port: OutputPort, path: Path, digests: Digests) -> OutputFile:
    if path.is_dir() != (port.type == "dir"):
        raise OutputError("undeclared_output", f"{port.path} should be a {port.type}")
    if port.type == "dir":
        size = sum(file.stat().st_size for _, file in files_below(path))
        return OutputFile(port.id, "dir", port.path, digests.tree(path), size)
    return OutputFile(port.id, "file", port.path, digests.file(path), path.stat().st_size,
                      CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream"))
