"""ResultStore: where finished results of steps are kept, to be taken instead of run again.

A store keeps bytes and knows no rule: which results may be kept or taken, how long they count, and
whether their bytes are right, is decided above (`run/cache.py`). An adapter is in
`run/result_stores/`.
"""
from pathlib import Path
from typing import NamedTuple, Protocol


class ResultKey(NamedTuple):
    """What a result is kept by. Results of different tenants never meet."""

    tenant_id: str
    inputs_digest: str  # SHA-256 of the manifest of what went in, 64 hexadecimal digits


class ResultStore(Protocol):
    """One record and a directory of outputs for each key.

    A store that cannot be reached is empty: `record` returns None and `keep` does nothing. Every
    method raises Displaced (a StorageError) if a link is in the store's path, because its target
    may belong to anyone.
    """

    def record(self, key: ResultKey) -> bytes | None:
        """The record that was kept with a result, as `keep` got it; None if there is no result."""
        ...

    def fetch(self, key: ResultKey, outputs: Path) -> None:
        """Copy the outputs into the empty directory `outputs`, an absolute path.

        OSError when they cannot be copied as a whole; `outputs` may then contain a part of them.
        """
        ...

    def keep(self, key: ResultKey, record: bytes, outputs: Path) -> None:
        """Keep a record and a copy of the directory `outputs`: both or nothing. A result that the
        key has already stays."""
        ...

    def drop(self, key: ResultKey) -> None:
        """Remove a result. If it cannot be removed, the next use checks it again and refuses it."""
        ...
