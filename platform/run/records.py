"""Run records on disk: runtime/<tenant>/<order>/<step>/run.json beside the step's outputs/ and log.txt."""
import json
from dataclasses import asdict
from pathlib import Path

from platform.model.ids import StepId
from platform.model.run import OutputFile, RunRecord, Status

RECORD, OUTPUTS, LOG = "run.json", "outputs", "log.txt"


def step_dir(runtime_dir: Path, step_id: StepId) -> Path:
    return runtime_dir / step_id.tenant_id / step_id.work_order_id / step_id.step_id


def record_file(runtime_dir: Path, step_id: StepId) -> Path:
    return step_dir(runtime_dir, step_id) / RECORD


def output_path(runtime_dir: Path, step_id: StepId, path: str) -> Path:
    """Where an output of a step lies; `path` is the one in its record."""
    return step_dir(runtime_dir, step_id) / OUTPUTS / path


def as_bytes(record: RunRecord) -> bytes:
    """The record as its file holds it (schemas/run_record.schema.json)."""
    return json.dumps(asdict(record), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def read_record(runtime_dir: Path, step_id: StepId) -> RunRecord | None:
    """The step's record; None when there is none or it is damaged: the step is then simply not done."""
    record = record_in(record_file(runtime_dir, step_id))
    return record if record and record.id == step_id else None


def record_in(file: Path) -> RunRecord | None:
    """The record that a file holds, or None when it holds none."""
    try:
        value = json.loads(file.read_bytes())
        outputs = tuple(OutputFile(**output) for output in value.pop("outputs"))
        return RunRecord(**{**value, "status": Status(value["status"]), "outputs": outputs})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
