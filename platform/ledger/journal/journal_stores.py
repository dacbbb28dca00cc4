"""The journal stores by name: adapters of the port `ports/journal_store.py`."""
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from platform.ledger.journal.disk import Disk
from platform.ledger.journal.exports import FolderExports
from platform.ledger.journal.file_store import FileStore
from platform.ledger.journal.journal import Exports
from platform.ports.journal_store import JournalStore


class OpenedJournal(NamedTuple):
    """A store, and what it keeps next to the journal. `Exports()` keeps nothing."""

    store: JournalStore
    exports: Exports


def _files(folder: Path, disk: Disk, snapshot_posts: int | None) -> OpenedJournal:
    store = FileStore(folder, disk)
    return OpenedJournal(store, FolderExports(store, folder, disk, snapshot_posts))


# The arguments: the billing state directory, its disk, and the number of new posts after which a
# checkpoint makes a snapshot (None: never). Nothing is read yet.
JOURNAL_STORES: dict[str, Callable[[Path, Disk, int | None], OpenedJournal]] = {"files": _files}


def open_journal(
    folder: Path, disk: Disk, snapshot_posts: int | None, name: str = "files"
) -> OpenedJournal:
    """The journal of a billing state directory. No profile names another store yet."""
    return JOURNAL_STORES[name](folder, disk, snapshot_posts)
