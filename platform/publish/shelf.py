"""The releases of one store as publishing sees them: look first, give a name once, never replace.

A release is listed once. A name's bytes never change, so a listing can only lack what others put there since, and the
store then says so itself. It knows no ledger and no purchase. Threads may share it.
"""
import threading
from collections.abc import Callable
from pathlib import Path

from platform import trees
from platform.confined import Refused
from platform.errors import ConflictError
from platform.files import sha256_file
from platform.owned import owned, refused
from platform.ports.release_store import Asset, NameTaken, ReleaseStore
from platform.releases.folder import FolderStore


class Shelf:
    """One for each run of a publisher."""

    def __init__(self, store: ReleaseStore) -> None:
        self.store = store
        self._listed: dict[str, dict[str, Asset]] = {}
        self._lock = threading.Lock()

    def put(self, tag: str, title: str, file: Path, sha256: str, *,
            is_as_good: Callable[[Asset], bool] = lambda _: False) -> Asset:
        """The asset that has the file's name and its SHA-256, or one that `is_as_good`; uploaded when there is none.
        ConflictError when the name has other bytes; what the store raises."""
        listed = self._listing(tag, title)
        asset = listed.get(file.name)
        if asset is None:
            try:
                asset = self.store.upload(tag, file.name, file)
            except NameTaken as taken:
                asset = taken.asset
            listed[file.name] = asset
        if asset.sha256 != sha256 and not is_as_good(asset):
            raise ConflictError(f"{asset.uri}: is there with other bytes than were made now, and was not replaced; "
                                "restore the step's outputs, or delete the asset, then publish again")
        return asset

    def _listing(self, tag: str, title: str) -> dict[str, Asset]:
        with self._lock:
            if tag not in self._listed:
                there = self.store.assets(tag)
                if there is None:
                    self.store.create(tag, title)
                self._listed[tag] = dict(there or {})
            return self._listed[tag]


class Rehearsal(FolderStore):
    """Where a simulation puts things: a folder that nobody relies on, so what an earlier one left is written over."""

    def assets(self, tag: str) -> dict[str, Asset] | None:
        return None

    def create(self, tag: str, title: str) -> None:
        self._sure(tag)
        super().create(tag, title)

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        self._sure(tag)
        try:
            return super().upload(tag, name, file)
        except NameTaken as taken:
            if taken.asset.sha256 == sha256_file(file):
                return taken.asset
        trees.remove(self.root / tag / name)
        return super().upload(tag, name, file)

    def _sure(self, tag: str) -> None:
        """Displaced when a release's directory is a link: a module may have put it there."""
        try:
            with owned(self.root, tag):
                pass
        except Refused as error:
            raise refused(self.root / tag, "be written", error) from error
        except FileNotFoundError:
            return
