"""The manifest of a package: one row per file, sorted by its path in the package, as JSON and CSV.

Rules:

* A directory includes its files. Links are not followed.
* A path is valid on every system (`platform.model.paths`). No two paths are equal on any system,
  and no path is a directory of another. The manifests' own names are reserved.
* A file that is named twice for one path, alone and with its directory, is in the package once.
* A row contains nothing about the machine: no path on disk, no time, no owner.
"""
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from platform.bundle.content_types import content_type
from platform.confined import kind_at, opened
from platform.errors import PlatformError
from platform.files import files_below, sha256_of
from platform.model.cells import as_csv
from platform.model.digest import digest_of
from platform.model.paths import folded, path_fault

JSON_NAME = "manifest.json"
CSV_NAME = "manifest.csv"
COLUMNS = (
    "dest_path",
    "bytes",
    "sha256",
    "content_type",
    "source_step_id",
    "source_module_id",
    "source_output_id",
)


class BundleError(PlatformError):
    """A package cannot be created as ordered; the message names the path."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file or directory to pack, and the output that it is.

    An empty `dest_path` means the step's id and the file's own name. `sha256` is the digest that
    the step recorded (for a directory, `platform.files.Digests.tree`); the packed bytes must match
    it. An asset has no step, so its ids are empty.
    """

    path: Path
    sha256: str
    dest_path: str = ""
    step_id: str = ""
    module_id: str = ""
    output_id: str = ""

    @property
    def destination(self) -> str:
        return self.dest_path or "/".join(part for part in (self.step_id, self.path.name) if part)


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """One file of a package: a row of its manifest, and the path of its bytes."""

    dest_path: str
    bytes: int
    sha256: str
    content_type: str
    source_step_id: str
    source_module_id: str
    source_output_id: str
    path: Path
    depth: int = 0  # the number of levels below its source's path

    @property
    def rank(self) -> tuple[int, str]:
        """A lower rank means that the output names the file more directly. It does not depend on
        the order of the sources."""
        return self.depth, self.source_output_id

    @property
    def row(self) -> dict[str, str | int]:
        return {name: getattr(self, name) for name in COLUMNS}


def entries_of(sources: Iterable[Source]) -> tuple[PackageEntry, ...]:
    """Every file of the sources, read once for its digest, sorted by path in the package.

    Raises BundleError for a missing source, an invalid path and paths that collide; OSError if a
    file cannot be read.
    """
    entries = _once(entry for source in sources for entry in _checked(source))
    for entry in entries:
        fault = path_fault(entry.dest_path)
        if fault:
            raise BundleError(
                f"the path {entry.dest_path!r} in the package {fault}; give it another as_path"
            )
    _refuse_collisions([entry.dest_path for entry in entries])
    return tuple(entries)


def _once(entries: Iterable[PackageEntry]) -> list[PackageEntry]:
    """The entries sorted by path in the package. Of equal files with equal paths, only the one
    whose output names it most directly remains."""
    found: dict[tuple[str, Path], PackageEntry] = {}
    for entry in entries:
        other = found.setdefault((entry.dest_path, entry.path), entry)
        if entry.rank < other.rank:
            found[entry.dest_path, entry.path] = entry
    return sorted(found.values(), key=lambda entry: entry.dest_path)


def _checked(source: Source) -> list[PackageEntry]:
    """The files of a source. They must match the recorded digest, so that a path alone does not
    give access to a file."""
    kind = kind_at(source.path)
    if kind == "folder":
        files = list(files_below(source.path))
        entries = [_entry(source, f"{source.destination}/{below}", path, below.count("/") + 1)
                   for below, path in files]
        digest = digest_of(
            [[below, entry.sha256] for (below, _), entry in zip(files, entries, strict=True)]
        )
    elif kind == "file":
        entries = [_entry(source, source.destination, source.path)]
        digest = entries[0].sha256
    else:
        raise BundleError(f"{source.destination!r} is missing, or its path contains a link; "
                          "run the step that makes it again")
    if digest != source.sha256:
        raise BundleError(f"{source.destination!r} differs from the digest that its step recorded; "
                          "run that step again")
    return entries


def _entry(source: Source, dest_path: str, path: Path, depth: int = 0) -> PackageEntry:
    with opened(path) as handle:
        size, sha256 = os.fstat(handle).st_size, sha256_of(handle)
    return PackageEntry(
        dest_path=dest_path,
        bytes=size,
        sha256=sha256,
        content_type=content_type(dest_path),
        source_step_id=source.step_id,
        source_module_id=source.module_id,
        source_output_id=source.output_id,
        path=path,
        depth=depth,
    )


def _refuse_collisions(paths: Sequence[str]) -> None:
    """Refuse names that are equal when case and Unicode form are ignored, and a file where a
    directory must be."""
    taken = {folded(name): f"the package's own {name}" for name in (JSON_NAME, CSV_NAME)}
    for path in paths:
        if folded(path) in taken:
            raise BundleError(f"{path!r} and {taken[folded(path)]} are the same name in the "
                              "package; give one of them another as_path")
        taken[folded(path)] = repr(path)
    for path in paths:
        parts = folded(path).split("/")
        above = next((taken[name] for depth in range(1, len(parts))
                      if (name := "/".join(parts[:depth])) in taken), None)
        if above:
            raise BundleError(f"{path!r} is inside {above}, which is a file; "
                              "give one of them another as_path")


def manifest_json(entries: Sequence[PackageEntry]) -> bytes:
    """The manifest as a JSON object: `files` is the list of rows."""
    return (
        json.dumps({"files": [entry.row for entry in entries]}, indent=2, ensure_ascii=False) + "\n"
    ).encode()


def manifest_csv(entries: Sequence[PackageEntry]) -> bytes:
    """The manifest as CSV with a header (RFC 4180, but with line feeds only). No cell is a formula
    (model.cells)."""
    return as_csv([COLUMNS, *(entry.row.values() for entry in entries)])
