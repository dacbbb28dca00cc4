"""Which files were found to conform to their schema before: the same bytes under the same schemas do so again.

A cache and nothing else: validating is half of what reading 1,000 orders costs (0.8 of 1.6 s). Lost, torn or of other
schemas, it is empty. Only files without any fault are in it, by the digest of kind and bytes.
"""
from pathlib import Path
from typing import Any

from platform.config.schema import schemas_digest
from platform.files import CacheFile
from platform.model.digest import sha256_hex

_LARGEST = 1 << 30  # bytes
MOST = 200_000  # entries; above it the oldest go


class Valid:
    def __init__(self, cache_file: Path | None = None) -> None:
        self._kept = CacheFile(cache_file)
        self._known = self._kept.read(_known) or {}  # in the order they were learnt
        self._dirty = False

    def holds(self, kind: str, data: bytes) -> bool:
        """Whether these bytes are known to conform to the schema of that kind."""
        return _key(kind, data) in self._known

    def add(self, kind: str, data: bytes) -> None:
        self._known[_key(kind, data)] = None
        self._dirty = True

    def save(self) -> None:
        """Write what was learnt, if anything; a disk that refuses is no error."""
        if self._dirty:
            kept = {"schemas": schemas_digest(), "valid": list(self._known)[-MOST:]}
            self._dirty = not self._kept.write(kept)


def _known(kept: Any) -> dict[str, None]:
    """What the file's JSON value says of today's schemas."""
    return dict.fromkeys(kept["valid"]) if kept["schemas"] == schemas_digest() else {}


def _key(kind: str, data: bytes) -> str:
    return sha256_hex(kind.encode() + b"\0" + data)
