"""The content cache on this machine: runtime/cache/<tenant>/<inputs digest>/
(run/result_stores/directory.py).

Links are neither followed nor deleted. Anything that is not at the place of an entry is ignored,
because the platform did not create it. Runs go on meanwhile: a step that reads an entry while it is
deleted finds that bytes are missing and runs, and an entry that a step is storing is locked.
"""
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from platform import flock, trees
from platform.confined import folder_at
from platform.errors import StorageError
from platform.model.contract import Contract
from platform.model.ids import TENANT, matches
from platform.model.retention import expires_at
from platform.model.utc import utc_moment
from platform.retention.entry import LOCAL, CacheEntry
from platform.run.records import record_in
from platform.run.result_stores.directory import CACHE_FOLDER, ENTRY

_DIGEST = re.compile("[0-9a-f]{64}")
_UNFINISHED = re.compile(r"\.\w+")  # the temporary directory of `keep`, left by a killed run


def entries(
    runtime_dir: Path, contracts: Mapping[str, Contract], limit: str
) -> Iterator[CacheEntry]:
    """Every entry, sorted. `limit` is the profile's retention, such as 1w; it is the only one for a
    removed module."""
    for tenant in _folders(runtime_dir / CACHE_FOLDER):
        for folder in _folders(tenant) if matches(TENANT, tenant.name) else ():
            if _DIGEST.fullmatch(folder.name) or _UNFINISHED.fullmatch(folder.name):
                yield _entry(folder, contracts, limit)


def _entry(folder: Path, contracts: Mapping[str, Contract], limit: str) -> CacheEntry:
    record = record_in(folder / ENTRY) if _DIGEST.fullmatch(folder.name) else None
    made = _moment(record.finished_at) if record else None
    contract = contracts.get(record.module_id) if record else None
    end = expires_at(made, contract.retention if contract else "", limit) if made else None
    return CacheEntry(
        LOCAL, "result", f"{folder.parent.name}/{folder.name}", made, end, str(folder)
    )


def delete(entry: CacheEntry) -> None:
    """Delete an entry; a missing entry, and one that a step is storing now, is left. Raises
    StorageError if the disk fails."""
    try:
        if not _is_in_use(Path(entry.handle)):
            trees.remove(Path(entry.handle))
    except OSError as error:
        raise StorageError(f"{entry.handle}: cannot be deleted ({error.strerror}); repair it, then "
                           "run again") from error


def _is_in_use(folder: Path) -> bool:
    """Whether a step is storing the entry. A complete entry is not locked by anybody."""
    try:
        with folder_at(folder) as opened:
            return not flock.take_now(opened.handle)
    except OSError:
        return False


def _folders(path: Path) -> list[Path]:
    """The directories in a directory, sorted; none if the path is not a directory."""
    try:
        inside = sorted(path.iterdir()) if path.is_dir() and not path.is_symlink() else []
    except FileNotFoundError:
        return []
    return [each for each in inside if each.is_dir() and not each.is_symlink()]


def _moment(text: str) -> datetime | None:
    try:
        return utc_moment(text)
    except ValueError:
        return None
