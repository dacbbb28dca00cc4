"""A zip whose bytes depend on what is in it and on nothing else.

Entries are sorted by name and stored, not deflated: deflate's bytes differ between zlib builds, and a package is known
by its SHA-256. Every entry is a regular file of mode 0644 made on Unix at 1980-01-01 00:00, the first moment that zip
knows; there are no folder entries, comments or extra fields (but zip64's, for a file of 2 GiB or more). Files are
streamed. A file that is no longer what the manifest says of it is an error, not a package.
"""
import hashlib
import os
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from platform.bundle.manifest import CSV_NAME, JSON_NAME, BundleError, PackageEntry, manifest_csv, manifest_json
from platform.confined import opened

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_REGULAR_0644 = 0o100644 << 16
_CHUNK = 1 << 20


def write_package(target: Path, entries: Sequence[PackageEntry]) -> None:
    """Write the entries and their two manifests to `target`, which is replaced.

    BundleError when a file changed since it was listed; OSError when the disk refuses.
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
    info.file_size = size  # decides zip64, so that a small entry never carries its field
    with archive.open(info, "w") as entry:
        for chunk in chunks:
            entry.write(chunk)
