"""What was ordered, by its task hash: runtime/<tenant>/<order>/.tasks/<task hash>.json, written when a step first runs.

A step's record is replaced by that of its next run; a bill is still to be explained after that. The name proves the
content: a file that does not digest to it reads as none. Losing one costs an explanation and nothing else.
"""
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from platform.files import write_atomic
from platform.model.digest import canonical_json, sha256_hex
from platform.model.ids import OrderId
from platform.model.run import RunRecord


def keep(runtime_dir: Path, record: RunRecord) -> None:
    """Keep what was ordered of a step that has just ended. StorageError when the disk refuses."""
    file = _file(runtime_dir, record.id.order, record.task_hash)
    if not file.exists():
        write_atomic(file, canonical_json(record.task))


def ordered(runtime_dir: Path, order: OrderId, task_hash: str) -> Mapping[str, Any]:
    """The manifest of a task hash; empty when it is not there or is not it."""
    try:
        data = _file(runtime_dir, order, task_hash).read_bytes()
        value = json.loads(data) if sha256_hex(data) == task_hash else {}
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def all_ordered(runtime_dir: Path) -> Iterator[Mapping[str, Any]]:
    """Every manifest that is kept, of whatever order."""
    for file in sorted(runtime_dir.glob("*/*/.tasks/*.json")):
        if found := ordered(runtime_dir, OrderId(*file.parts[-4:-2]), file.stem):
            yield found


def _file(runtime_dir: Path, order: OrderId, task_hash: str) -> Path:
    return runtime_dir.joinpath(*order, ".tasks", f"{task_hash}.json")
