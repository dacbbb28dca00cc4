"""Which files were found to conform to their schema before: the same bytes under the same schemas do so again.

A cache and nothing else: validating is half of what reading 1,000 orders costs (0.8 of 1.6 s). Lost, torn or of other
schemas, it is empty. Only files without any fault are in it, by the digest of kind and bytes.
"""
import json
from pathlib import Path

from platform.config.schema import schemas_digest
from platform.errors import StorageError
from platform.files import write_atomic
from platform.model.digest import sha256_hex

MOST = 200_000  # entries; above it the oldest go


class Valid:
    def __init__(self, cache_file: Path | None = None) -> None:
        self._cache_file = cache_file
        self._known: dict[str, None] = {}  # in the order they were learnt
        self._dirty = False
        if cache_file is not None:
            self._load(cache_file)

    def _load(self, cache_file: Path) -> None:
        try:
            kept = json.loads(cache_file.read_bytes())
            if kept["schemas"] == schemas_digest():
                self._known = dict.fromkeys(kept["valid"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            self._known = {}  # damaged: files are validated again, and the next save mends it

    def holds(self, kind: str, data: bytes) -> bool:
        """Whether these bytes are known to conform to the schema of that kind."""
        return _key(kind, data) in self._known

    def add(self, kind: str, data: bytes) -> None:
        if self._cache_file is not None:
            self._known[_key(kind, data)] = None
            self._dirty = True

    def save(self) -> None:
        """Write what was learnt; a disk that refuses is no error, the cache is only speed."""
        if self._cache_file is None or not self._dirty:
            return
        kept = {"schemas": schemas_digest(), "valid": list(self._known)[-MOST:]}
        try:
            write_atomic(self._cache_file, json.dumps(kept).encode())
            self._dirty = False
        except StorageError:
            return


def _key(kind: str, data: bytes) -> str:
    return sha256_hex(kind.encode() + b"\0" + data)
