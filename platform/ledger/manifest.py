"""state_manifest.json: where the journal stood at the last checkpoint, and what every file was."""
import json
from dataclasses import dataclass
from pathlib import Path

from platform.errors import CorruptError
from platform.files import sha256_file, write_atomic

NAME = "state_manifest.json"


@dataclass(frozen=True, slots=True)
class Head:
    """A point of the journal that a later journal must contain."""

    generation: int
    seq: int
    hash: str


def read_manifest(folder: Path) -> Head | None:
    """The last checkpoint, or None when there is none. CorruptError when it cannot be read."""
    try:
        value = json.loads((folder / NAME).read_bytes())
        return Head(int(value["generation"]), int(value["head"]["seq"]), str(value["head"]["hash"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptError(f"{folder / NAME}:1: is not a state manifest; restore it") from error


def write_manifest(folder: Path, seq: int, head: str) -> None:
    """A checkpoint of the folder as it is; nothing is written when the head has not moved."""
    known = read_manifest(folder)
    if known and (known.seq, known.hash) == (seq, head):
        return
    generation = known.generation + 1 if known else 1
    files = {path.name: {"sha256": sha256_file(path), "bytes": path.stat().st_size, "rows": _rows(path)}
             for path in sorted(folder.glob("*.csv"))}
    value = {"generation": generation, "head": {"seq": seq, "hash": head}, "files": files}
    write_atomic(folder / NAME, json.dumps(value, indent=1, sort_keys=True).encode() + b"\n", durable=True)


def _rows(path: Path) -> int:
    """Lines without the header; our CSV files have no line breaks inside fields."""
    with path.open("rb") as file:
        return max(0, sum(1 for _ in file) - 1)
