"""Run records on disk: runtime/<tenant>/<order>/<step>/run.json, next to the step's outputs/ and
log.txt.

The record decides whether a step is done. A record that is incomplete, has wrong types or belongs
to another step reads as None. Then the step is not done, and running it again costs nothing.
"""
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path, PurePosixPath
from typing import Any

from platform.confined import read_file
from platform.model import jsontext
from platform.model.ids import OrderId, StepId
from platform.model.reasons import SLUG
from platform.model.run import OutputFile, RunRecord, Status

# bytes of a record, which contains the content of an order's file (256 KiB) a few times
LARGEST = 64 << 20
RECORD, OUTPUTS, LOG = "run.json", "outputs", "log.txt"


class NewestRecords:
    """The newest record of each step in a runtime directory, each file read once. Safe for
    threads: a record that two of them read at once is the same, and nobody keeps a record of an
    order that is being forgotten."""

    def __init__(self, runtime_dir: Path) -> None:
        self._runtime_dir = runtime_dir
        self._read: dict[OrderId, dict[str, RunRecord | None]] = {}

    def of(self, step_id: StepId) -> RunRecord | None:
        """The step's run record, also of an earlier plan; None if the step never ran."""
        steps = self._read.setdefault(step_id.order, {})
        if step_id.step_id not in steps:
            steps[step_id.step_id] = read_record(self._runtime_dir, step_id)
        return steps[step_id.step_id]

    def keep(self, record: RunRecord) -> None:
        """Replace the record of a step that has just ended."""
        self._read.setdefault(record.id.order, {})[record.id.step_id] = record

    def forget(self, order: OrderId) -> None:
        """Read the order's records again: another run may have worked on it."""
        self._read.pop(order, None)


def step_dir(runtime_dir: Path, step_id: StepId) -> Path:
    """The directory of a step that has ended."""
    return runtime_dir.joinpath(*step_id)


def fresh_dir(runtime_dir: Path, step_id: StepId) -> Path:
    """The directory of a step while it runs."""
    return step_dir(runtime_dir, step_id).with_name(f".{step_id.step_id}.new")


def record_file(runtime_dir: Path, step_id: StepId) -> Path:
    """The file of a step's run record."""
    return runtime_dir.joinpath(*step_id, RECORD)


def output_path(runtime_dir: Path, step_id: StepId, path: str) -> Path:
    """The absolute path of a step's output; `path` is the path in its record."""
    return runtime_dir.joinpath(*step_id, OUTPUTS, path)


def as_bytes(record: RunRecord) -> bytes:
    """The content of the record's file (schemas/run_record.schema.json)."""
    return json.dumps(asdict(record), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_record(runtime_dir: Path, step_id: StepId) -> RunRecord | None:
    """The step's record; None if it is missing or damaged."""
    record = record_in(record_file(runtime_dir, step_id))
    return record if record and record.id == step_id else None


def record_in(file: Path) -> RunRecord | None:
    """The record in a file; None if the file contains no valid record."""
    try:
        return from_bytes(read_file(file, LARGEST))
    except OSError:
        return None


def from_bytes(data: bytes) -> RunRecord | None:
    """The record that `as_bytes` wrote; None for any other bytes."""
    try:
        value = jsontext.read_json(data)
        if not _conforms(value, _RECORD_TYPES) or not all(
            _is_output(output) for output in value["outputs"]
        ):
            return None
        if value["reason"] and not SLUG.fullmatch(value["reason"]):
            return None
        outputs = tuple(OutputFile(**output) for output in value["outputs"])
        return RunRecord(**{**value, "status": Status(value["status"]), "outputs": outputs})
    except ValueError:  # not the JSON that we write, or an unknown Status
        return None


_JSON_TYPES: Mapping[Any, tuple[type, ...]] = {
    str: (str,),
    Status: (str,),
    int: (int,),
    float: (float, int),
    tuple[OutputFile, ...]: (list,),
    Mapping[str, Any]: (dict,),
}
_RECORD_TYPES = {field.name: _JSON_TYPES[field.type] for field in fields(RunRecord)}
_OUTPUT_TYPES = {field.name: _JSON_TYPES[field.type] for field in fields(OutputFile)}


def _conforms(value: Any, types: Mapping[str, tuple[type, ...]]) -> bool:
    """Whether a value has all fields, no others, and each has its exact type (a boolean is not a
    number)."""
    return (isinstance(value, dict) and value.keys() == types.keys()
            and all(type(value[name]) in wanted for name, wanted in types.items()))


def _is_output(value: Any) -> bool:
    """Whether a value is an output with a path below the outputs directory. The record is not
    trusted."""
    return (
        _conforms(value, _OUTPUT_TYPES)
        and value["type"] in ("file", "dir")
        and not value["path"].startswith("/")
        and ".." not in PurePosixPath(value["path"]).parts
    )
