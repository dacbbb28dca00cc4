"""A person's request to cancel a step, as a file next to the step's directory.

The run that works on the step looks for it: it ends the step's processes, or does not start the
step. The settlement that refunds the step removes the file. Until then, no later run starts the
step, even if a process was killed. A request is about the work that the step had when it was made.
When the order changes, the request has no effect.
"""
import json
import os
from pathlib import Path
from typing import NamedTuple

from platform.confined import read_file
from platform.model import jsontext
from platform.model.characters import one_line
from platform.model.ids import StepId
from platform.owned import owned, replace, storage_error

_LARGEST = 1 << 20  # bytes


class CancelRequest(NamedTuple):
    """Who asked when (UTC) and why, and the task hashes of the step that are meant."""

    by: str
    at: str
    note: str
    task_hashes: tuple[str, ...]

    @property
    def words(self) -> str:
        """The request in one line, for a record's message."""
        return f"by {self.by} at {self.at}: {self.note}"


def request_file(runtime_dir: Path, step_id: StepId) -> Path:
    """The file of a request about the step, whether it exists or not."""
    return runtime_dir.joinpath(*step_id.order, _name(step_id))


def write_request(runtime_dir: Path, step_id: StepId, request: CancelRequest) -> None:
    """Write the request. Displaced for a link in the path, StorageError if the disk refuses."""
    try:
        with owned(runtime_dir, *step_id.order, make=True) as folder:
            replace(folder, _name(step_id), json.dumps(request._asdict()).encode(), durable=True)
    except OSError as error:
        raise storage_error(request_file(runtime_dir, step_id), "be written", error) from error


def read_request(runtime_dir: Path, step_id: StepId) -> CancelRequest | None:
    """The request about the step; None if there is none. A damaged file is a request about no
    work."""
    file = request_file(runtime_dir, step_id)
    # asked of every step of every order: opening below handles is 15 times as slow
    return request_in(file) if os.path.lexists(file) else None


def request_in(file: Path) -> CancelRequest | None:
    """The request that a file holds."""
    try:
        value = jsontext.read_json(read_file(file, _LARGEST))
        by, at, note = (one_line(str(value[name])) for name in ("by", "at", "note"))
        return CancelRequest(by, at, note, tuple(map(str, value["task_hashes"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return CancelRequest("unknown", "", "the request cannot be read", ())


def forget_request(runtime_dir: Path, step_id: StepId) -> None:
    """Remove the request, if there is one. StorageError if the disk refuses."""
    try:
        with owned(runtime_dir, *step_id.order) as folder:
            os.unlink(_name(step_id), dir_fd=folder.handle)
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_error(request_file(runtime_dir, step_id), "be removed", error) from error


def _name(step_id: StepId) -> str:
    return f".{step_id.step_id}.cancel"
