"""state_manifest.json: where the journal stood at the last checkpoint, and what every file was. Pure.

It proves itself: `digest` is of everything else in it, and its bytes are the one way to write it. It is never trusted
over the journal; a journal that does not contain its head is damaged.
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
    """A file at a checkpoint; `rows` without its header."""

    sha256: str
    bytes: _Count
    rows: _Count


@dataclass(frozen=True, slots=True)
class Manifest:
    """A point of the journal that a later journal must contain: `seq` lines, the last with `hash`."""

    generation: _Count
    seq: _Count
    hash: str
    files: Mapping[str, FileState] = field(default_factory=dict)


def render(manifest: Manifest) -> bytes:
    """The file's bytes: the same for equal manifests."""
    value: dict[str, Any] = {
        "generation": manifest.generation, "head": {"seq": manifest.seq, "hash": manifest.hash},
        "files": {name: state._asdict() for name, state in sorted(manifest.files.items())}}
    return json.dumps({**value, "digest": digest_of(value)}, indent=1).encode() + b"\n"


def parse(data: bytes) -> Manifest:
    """The manifest in a file's bytes. ValueError when they are not exactly what `render` writes."""
    try:
        value = json.loads(data)
        manifest = convert({**value, **value["head"], "files": {name: [state["sha256"], state["bytes"], state["rows"]]
                                                                for name, state in value["files"].items()}}, Manifest)
        as_written = render(manifest) == data
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("is not a state manifest") from error
    if not as_written:
        raise ValueError("does not match its own digest")
    return manifest
