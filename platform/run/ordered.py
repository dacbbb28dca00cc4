"""What was ordered, by its task hash: runtime/<tenant>/<order>/.tasks/<task hash>.json, written when a step first runs.

A step's record is replaced by that of its next run; a bill is still to be explained after that. The name proves the
content: a file that does not digest to it reads as none. Losing one costs an explanation and nothing else.
"""
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platform.files import write_atomic
from platform.model.digest import canonical_json, sha256_hex
from platform.model.ids import OrderId, StepId


def keep(runtime_dir: Path, step_id: StepId, task_hash: str, manifest: Mapping[str, Any]) -> None:
    """Write the manifest that `task_hash` digests, unless it is there. StorageError when the disk refuses."""
    file = _file(runtime_dir, step_id.order, task_hash)
    if not file.exists():
        write_atomic(file, canonical_json(manifest))


def ordered(runtime_dir: Path, order: OrderId, task_hash: str) -> Mapping[str, Any]:
    """The manifest of a task hash; empty when it is not there or is not it."""
    try:
        data = _file(runtime_dir, order, task_hash).read_bytes()
        value = json.loads(data) if sha256_hex(data) == task_hash else {}
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _file(runtime_dir: Path, order: OrderId, task_hash: str) -> Path:
    return runtime_dir.joinpath(*order, ".tasks", f"{task_hash}.json")
