"""The result stores by name: adapters of the port `ports/result_store.py`."""
from collections.abc import Callable
from pathlib import Path

from platform.ports.result_store import ResultStore
from platform.run.result_stores.directory import DirectoryResults

RESULT_STORES: dict[str, Callable[[Path], ResultStore]] = {"directory": DirectoryResults}


def result_store_of(runtime_dir: Path, name: str = "directory") -> ResultStore:
    """The store of a run. No profile names another one yet."""
    return RESULT_STORES[name](runtime_dir)
