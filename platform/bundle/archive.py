"""Writes a zip whose bytes depend only on its contents.

Entries are sorted by name and stored, not deflated: a package is identified by its SHA-256, and
deflate's bytes differ between zlib builds. Every entry is a regular file of mode 0644 from Unix
with the time 1980-01-01 00:00, the first time of the zip format. There are no directory entries,
comments or extra fields (except zip64's, for a file of 2 GiB or more). Files are streamed. If a
file differs from the manifest, there is an error and no package.
"""
import hashlib
import os
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from platform.bundle.manifest import (
    CSV_NAME,
    JSON_NAME,
    BundleError,
    PackageEntry,
    manifest_csv,
    manifest_json,
)
from platform.confined import opened

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_0644 = 0o100644 << 16
_CHUNK = 1 << 20


def write_package(target: Path, entries: Sequence[PackageEntry]) -> None:
    """Write the entries and their two manifests to `target`, which is replaced.

    Raises BundleError if a file changed since it was listed; OSError if the disk fails.
    """
    listed: dict[str, bytes | PackageEntry] = {entry.dest_path: entry for entry in entries}
    listed |= {JSON_NAME: manifest_json(entries), CSV_NAME: manifest_csv(entries)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(listed):
            content = listed[name]
            if isinstance(content, PackageEntry):
                _add_file(archive, content)
            else:
                _add(archive, name, len(content), [content])


def _add_file(archive: zipfile.ZipFile, entry: PackageEntry) -> None:
    digest = hashlib.sha256()

    def chunks() -> Iterable[bytes]:
        with opened(entry.path) as handle:
            while chunk := os.read(handle, _CHUNK):
                digest.update(chunk)
                yield chunk

    _add(archive, entry.dest_path, entry.bytes, chunks())
    if digest.hexdigest() != entry.sha256:
        raise BundleError(f"{entry.dest_path!r} changed while it was packed; run the step again")


def _add(archive: zipfile.ZipFile, name: str, size: int, chunks: Iterable[bytes]) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = _UNIX
    info.external_attr = _REGULAR_0644
    info.compress_type = zipfile.ZIP_STORED
    info.file_size = size  # so that only a large entry has the zip64 field
    with archive.open(info, "w") as entry:
        for chunk in chunks:
            entry.write(chunk)
