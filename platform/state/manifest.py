"""One generation of the billing state in a release, and the names of its files. Pure.

A manifest lists everything that its generation needs: the segments of the whole journal, the tables
for people, and the previous manifest. It has one canonical form, so its digest is its identity.
Nothing in a release is ever replaced.
"""
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from platform.ledger.journal.checkpoint import FileState
from platform.ledger.journal.record import GENESIS
from platform.model.utc import utc_moment, utc_text

STATE = "billing-state-"  # after a profile's tag_prefix, before four digits
_NAME = re.compile(r"state_manifest\.(\d{8})\.json")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Segment(NamedTuple):
    """Records `first` to `last` of the journal, under its header; `hash` is the last record's."""

    first: int
    last: int
    hash: str
    sha256: str
    bytes: int

    @property
    def name(self) -> str:
        return f"journal-{self.first}-{self.last}-{self.sha256[:12]}.csv"


class Archive(NamedTuple):
    """The tables for people, in one zip file per generation."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class StateManifest:
    """`seq` and `hash` are the journal's head; `tables` are the files in the archive.

    Times are UTC, ISO 8601, with Z. A `next_tag` closes the release: the next generation goes into
    the release with that tag.
    """

    generation: int
    previous: str  # SHA-256 of the previous manifest, zeros for the first
    seq: int
    hash: str
    segments: tuple[Segment, ...]
    archive: Archive
    created: str
    expires: str
    tables: Mapping[str, FileState] = field(default_factory=dict)
    next_tag: str = ""


EMPTY = (0, GENESIS)  # the head of an empty journal


def name_of(generation: int) -> str:
    return f"state_manifest.{generation:08d}.json"


def generation_of(name: str) -> int | None:
    """The generation in an asset's name; None if the asset is not a manifest."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def tag_of(prefix: str, number: int) -> str:
    return f"{prefix}{STATE}{number:04d}"


def number_of(prefix: str, tag: str) -> int | None:
    """The number of the state's release with this tag; None if it is not one of them."""
    digits = tag.removeprefix(prefix + STATE)
    return (
        int(digits)
        if re.fullmatch(r"\d{4}", digits) and tag == tag_of(prefix, int(digits))
        else None
    )


def render(manifest: StateManifest) -> bytes:
    """The file's bytes: equal manifests have equal bytes."""
    value: dict[str, Any] = {
        "format": 1,
        "generation": manifest.generation,
        "previous": manifest.previous,
        "created": manifest.created,
        "expires": manifest.expires,
        "next_tag": manifest.next_tag,
        "head": {"seq": manifest.seq, "hash": manifest.hash},
        "segments": [
            {"name": segment.name, **segment._asdict(), "rows": segment.last - segment.first + 1}
            for segment in manifest.segments
        ],
        "archive": manifest.archive._asdict(),
        "tables": {name: state._asdict() for name, state in sorted(manifest.tables.items())},
    }
    return json.dumps(value, indent=1).encode() + b"\n"


def parse(data: bytes) -> StateManifest:
    """The manifest in an asset's bytes. ValueError if they are not exactly what `render` writes."""
    try:
        value = json.loads(data)
        manifest = StateManifest(
            value["generation"],
            value["previous"],
            value["head"]["seq"],
            value["head"]["hash"],
            tuple(
                Segment(*(entry[name] for name in Segment._fields)) for entry in value["segments"]
            ),
            Archive(**value["archive"]),
            value["created"],
            value["expires"],
            {name: FileState(**state) for name, state in value["tables"].items()},
            value["next_tag"],
        )
        right = _typed(manifest) and render(manifest) == data
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError("is not a manifest of a billing state") from error
    if not right:
        raise ValueError("is not in the canonical form of a manifest of a billing state")
    return manifest


def _typed(manifest: StateManifest) -> bool:
    """Whether numbers are integers and digests are digests: file names are derived from them.

    ValueError if a time is malformed.
    """
    numbers = [manifest.generation, manifest.seq, manifest.archive.bytes]
    digests = [manifest.previous, manifest.hash, manifest.archive.sha256]
    for segment in manifest.segments:
        numbers += [segment.first, segment.last, segment.bytes]
        digests += [segment.hash, segment.sha256]
    words = [manifest.next_tag, manifest.archive.name]
    created, expires = utc_moment(manifest.created), utc_moment(manifest.expires)
    written = (utc_text(created), utc_text(expires)) == (manifest.created, manifest.expires)
    return (
        written
        and created <= expires
        and all(type(number) is int for number in numbers)
        and all(isinstance(word, str) for word in words)
        and all(_DIGEST.fullmatch(digest) for digest in digests)
    )
