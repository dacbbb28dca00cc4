"""Results in a directory: <runtime>/cache/<tenant>/<inputs digest>/ with outputs/ and entry.json,
the record of the run that made them. Its name is not run.json, so that it is not mistaken for a
run. platform/retention/ lists the entries and deletes those that have expired.
"""
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from platform import flock, trees
from platform.confined import Folder, Refused, read_file
from platform.owned import exists, owned, replace, storage_error
from platform.ports.result_store import ResultKey
from platform.run.records import LARGEST, OUTPUTS

CACHE_FOLDER, ENTRY = "cache", "entry.json"


class DirectoryResults:
    """A ResultStore. `runtime_dir` is an absolute path."""

    def __init__(self, runtime_dir: Path) -> None:
        self._runtime_dir = runtime_dir

    def record(self, key: ResultKey) -> bytes | None:
        """See `ports/result_store.py`."""
        try:
            with self._tenant(key):
                return read_file(self._entry(key) / ENTRY, LARGEST)
        except OSError:
            return None

    def fetch(self, key: ResultKey, outputs: Path) -> None:
        """See `ports/result_store.py`. OSError: the outputs cannot be copied."""
        with trees.opened_directory(outputs) as into:
            trees.copy(self._entry(key) / OUTPUTS, into)

    def keep(self, key: ResultKey, record: bytes, outputs: Path) -> None:
        """See `ports/result_store.py`."""
        with suppress(OSError), self._tenant(key, make=True) as folder:
            if not exists(folder, key.inputs_digest):
                _keep(folder, key.inputs_digest, record, outputs)

    def drop(self, key: ResultKey) -> None:
        """See `ports/result_store.py`."""
        with suppress(OSError), self._tenant(key) as folder:
            trees.remove_at(key.inputs_digest, folder.handle)

    def _entry(self, key: ResultKey) -> Path:
        return Path(self._runtime_dir, CACHE_FOLDER, key.tenant_id, key.inputs_digest)

    @contextmanager
    def _tenant(self, key: ResultKey, *, make: bool = False) -> Iterator[Folder]:
        """The tenant's part of the store. Displaced: a link is in its path. OSError: it does not
        exist."""
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(
                    owned(self._runtime_dir, CACHE_FOLDER, key.tenant_id, make=make)
                )
            except Refused as error:
                raise storage_error(self._entry(key), "be opened", error) from error
            yield folder


def _keep(folder: Folder, name: str, record: bytes, outputs: Path) -> None:
    fresh = f".{secrets.token_hex(6)}"
    try:
        os.mkdir(fresh, 0o755, dir_fd=folder.handle)
        with Folder(trees.open_directory(fresh, folder.handle), folder.named(fresh)) as entry:
            with suppress(OSError):  # a prune deletes only what nobody is storing
                flock.take_now(entry.handle)
            os.mkdir(OUTPUTS, 0o755, dir_fd=entry.handle)
            with Folder(trees.open_directory(OUTPUTS, entry.handle)) as into:
                trees.copy(outputs, into.handle)
            replace(entry, ENTRY, record)
        # if another step stored the same result first, its entry is as good
        os.rename(fresh, name, src_dir_fd=folder.handle, dst_dir_fd=folder.handle)
    except OSError:
        with suppress(OSError):
            trees.remove_at(fresh, folder.handle)
