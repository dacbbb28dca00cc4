"""The tables as CSV bytes, written where they differ, or held against what is there."""
import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from platform.files import write_atomic
from platform.maintain.tables import TABLES
from platform.model.digest import sha256_hex
from platform.model.repo import Repo

FOLDER = "maintenance-state"
MANIFEST = "maintenance_manifest"


def content(name: str, repo: Repo, code: Mapping[str, str]) -> bytes:
    """The right bytes of one table: UTF-8, LF, a header, truth values as true and false."""
    columns, rows = TABLES[name]
    return _as_csv([columns, *rows(repo, code)])


def manifest(tables: Mapping[str, bytes]) -> bytes:
    """maintenance_manifest.csv over the other tables' bytes, by name."""
    return _as_csv([("file", "sha256"), *((f"{name}.csv", sha256_hex(data)) for name, data in sorted(tables.items()))])


def everything(repo: Repo, code: Mapping[str, str]) -> dict[str, bytes]:
    """Every table's right bytes with the manifest over them."""
    tables = {name: content(name, repo, code) for name in TABLES}
    return {**tables, MANIFEST: manifest(tables)}


def path_of(root: Path, name: str) -> Path:
    return root / FOLDER / f"{name}.csv"


def write(path: Path, data: bytes) -> bool:
    """Write a table if it is not these bytes already; whether it was written. StorageError when the disk refuses."""
    if path.is_file() and path.read_bytes() == data:
        return False
    write_atomic(path, data)
    return True


def drift(path: Path, data: bytes) -> str:
    """The first row in which a file differs from what it should be, in one line; nothing when it is right."""
    shown = f"{FOLDER}/{path.name}"
    if not path.is_file():
        return f"{shown}:1:1: error[maintenance-drift]: is missing; run `doit run maintenance` and commit it"
    ours, right = path.read_bytes().split(b"\n"), data.split(b"\n")
    for line in range(max(len(ours), len(right))):
        have = ours[line].decode(errors="replace") if line < len(ours) else "the end"
        want = right[line].decode() if line < len(right) else "the end"
        if have != want:
            return (f"{shown}:{line + 1}:1: error[maintenance-drift]: says {have!r}, should say {want!r}; run "
                    "`doit run maintenance` and commit it")
    return ""


def _as_csv(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [str(field).lower() if isinstance(field, bool) else field for field in row] for row in rows)
    return text.getvalue().encode()
