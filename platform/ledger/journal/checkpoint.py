"""state_manifest.json: where the journal was at the last checkpoint, and what every file was. Pure.

The file proves itself: `digest` covers everything else in it, and its bytes are the one way to
write it. It is never trusted over the journal. A journal that does not contain its head is damaged.
"""
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, convert

from platform.model.digest import digest_of

NAME = "state_manifest.json"
_Count = Annotated[int, Meta(ge=0)]


class FileState(NamedTuple):
    """One file at a checkpoint: its SHA-256, its size, and its rows without the header."""

    sha256: str
    bytes: _Count
    rows: _Count


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A line that every later journal must contain: number `seq`, with `hash`. `files` are the
    journal and its tables at that line, by name."""

    generation: _Count
    seq: _Count
    hash: str
    files: Mapping[str, FileState] = field(default_factory=dict)


def render(checkpoint: Checkpoint) -> bytes:
    """The file's bytes: the same for equal checkpoints."""
    value: dict[str, Any] = {
        "generation": checkpoint.generation,
        "head": {"seq": checkpoint.seq, "hash": checkpoint.hash},
        "files": {name: state._asdict() for name, state in sorted(checkpoint.files.items())}}
    return json.dumps({**value, "digest": digest_of(value)}, indent=1).encode() + b"\n"


def parse(data: bytes) -> Checkpoint:
    """The checkpoint in a file's bytes. ValueError when they are not exactly what `render` writes.
    """
    try:
        value = json.loads(data)
        files = {name: [state["sha256"], state["bytes"], state["rows"]]
                 for name, state in value["files"].items()}
        checkpoint = convert({**value, **value["head"], "files": files}, Checkpoint)
        as_written = render(checkpoint) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("is not a state manifest") from error
    if not as_written:
        raise ValueError("does not match its own digest")
    return checkpoint
