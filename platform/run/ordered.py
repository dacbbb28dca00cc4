"""What was ordered and how it ended, by task hash. It remains when the next run replaces the step's
record.

    <runtime>/<tenant>/<order>/.tasks/<task hash>.json
        what was ordered, written when a step first runs
    <runtime>/<tenant>/<order>/.tasks/<task hash>.ended
        the last outcome of each refund epoch

The name of the first file proves its content: a file with another digest counts as missing. The
second file is trusted like a run record. Without either, only an explanation is lost.
"""
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from platform import trees
from platform.confined import Folder, read_file
from platform.model import jsontext
from platform.model.digest import canonical_json, sha256_hex
from platform.model.ids import OrderId
from platform.model.run import RunEnding, RunRecord, Status
from platform.owned import exists, owned, replace, storage_error

_LARGEST = 64 << 20  # bytes
_FOLDER = ".tasks"


def keep(runtime_dir: Path, record: RunRecord, went_in: str = "") -> None:
    """Store what was ordered of a step that has just ended, and how it ended.

    `went_in` is a digest of inputs and code. If it is empty, a stored digest of the same ending is
    kept.

    Raises:
        Displaced: a link is in the way.
        StorageError: the disk reports an error.
    """
    file = _file(runtime_dir, record.id.order, record.task_hash)
    try:
        with owned(runtime_dir, *record.id.order, _FOLDER, make=True, mend=True) as folder:
            _keep(runtime_dir, folder, record, went_in)
    except OSError as error:
        raise storage_error(file, "be written", error) from error


def _keep(runtime_dir: Path, folder: Folder, record: RunRecord, went_in: str) -> None:
    file = _file(runtime_dir, record.id.order, record.task_hash)
    if not exists(folder, file.name):
        replace(folder, file.name, canonical_json(record.task))
    known = {
        ended.refund_epoch: ended
        for ended in endings(runtime_dir, record.id.order, record.task_hash)
    }
    before = known.get(record.refund_epoch)
    same = before is not None and before._replace(went_in="") == record.ended
    ended = record.ended._replace(went_in=went_in or (before.went_in if before and same else ""))
    if before != ended:
        known[record.refund_epoch] = ended
        data = canonical_json([known[epoch]._asdict() for epoch in sorted(known)])
        name = file.with_suffix(".ended").name
        trees.clear_flags_at(name, folder.handle)  # a module may have made it immutable
        replace(folder, name, data)


def ordered(runtime_dir: Path, order: OrderId, task_hash: str) -> Mapping[str, Any]:
    """The manifest of a task hash; empty when it is not there or is not it."""
    try:
        data = read_file(_file(runtime_dir, order, task_hash), _LARGEST)
        value = jsontext.read_json(data) if sha256_hex(data) == task_hash else {}
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def endings(runtime_dir: Path, order: OrderId, task_hash: str) -> tuple[RunEnding, ...]:
    """How the runs of a task hash ended, by refund epoch; none when the file is not there or is
    damaged."""
    return _endings(_file(runtime_dir, order, task_hash).with_suffix(".ended"))


def all_ordered(runtime_dir: Path) -> Iterator[Mapping[str, Any]]:
    """Every stored manifest, of any order."""
    for file in sorted(runtime_dir.glob("*/*/.tasks/*.json")):
        if found := ordered(runtime_dir, OrderId(*file.parts[-4:-2]), file.stem):
            yield found


def all_endings(runtime_dir: Path) -> Mapping[str, tuple[RunEnding, ...]]:
    """The endings of every task hash, of any order."""
    return {file.stem: _endings(file) for file in sorted(runtime_dir.glob("*/*/.tasks/*.ended"))}


def _endings(file: Path) -> tuple[RunEnding, ...]:
    try:
        values = jsontext.read_json(read_file(file, _LARGEST))
        found = [RunEnding(**{**value, "status": Status(value["status"])}) for value in values]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return ()
    right = all(
        type(ended.refund_epoch) is int and all(type(text) is str for text in ended[2:])
        for ended in found
    )
    return tuple(found) if right else ()


def _file(runtime_dir: Path, order: OrderId, task_hash: str) -> Path:
    return runtime_dir.joinpath(*order, _FOLDER, f"{task_hash}.json")
