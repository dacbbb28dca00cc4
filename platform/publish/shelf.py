"""The releases of one store for publishing: look first, upload a name once, never replace.

Each release is listed once. The bytes of a name never change, so a listing can only lack newer
assets of other publishers, and for those the store raises NameTaken. This module knows neither
ledger nor purchases. Threads may share a shelf.
"""
import threading
from collections.abc import Callable
from pathlib import Path

from platform import trees
from platform.confined import Refused
from platform.errors import ConflictError
from platform.files import sha256_file
from platform.owned import owned, storage_error
from platform.ports.release_store import Asset, NameTaken, ReleaseStore
from platform.releases.folder import FolderStore


class Shelf:
    """The releases of one store during one run of a publisher."""

    def __init__(self, store: ReleaseStore) -> None:
        self.store = store
        self._listed: dict[str, dict[str, Asset]] = {}
        self._lock = threading.Lock()

    def put(self, tag: str, title: str, file: Path, sha256: str, *,
            is_equivalent: Callable[[Asset], bool] = lambda _: False) -> Asset:
        """The asset with the file's name, uploaded if it does not exist.

        ConflictError if an existing asset has another SHA-256 and is not equivalent; errors of the
        store are raised.
        """
        listed = self._listing(tag, title)
        asset = listed.get(file.name)
        if asset is None:
            try:
                asset = self.store.upload(tag, file.name, file)
            except NameTaken as taken:
                asset = taken.asset
            listed[file.name] = asset
        if asset.sha256 != sha256 and not is_equivalent(asset):
            raise ConflictError(f"{asset.uri}: already exists with other bytes, and was not "
                                "replaced; restore the step's outputs, or delete the asset, then "
                                "publish again")
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
    """The directory of a simulation. Nobody relies on it: a new simulation replaces old files."""

    def assets(self, tag: str) -> dict[str, Asset] | None:
        return None

    def create(self, tag: str, title: str) -> None:
        self._check_directory(tag)
        super().create(tag, title)

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        self._check_directory(tag)
        try:
            return super().upload(tag, name, file)
        except NameTaken as taken:
            if taken.asset.sha256 == sha256_file(file):
                return taken.asset
        trees.remove(self.root / tag / name)
        return super().upload(tag, name, file)

    def _check_directory(self, tag: str) -> None:
        """Displaced if a release's directory is a link: a module may have put it there."""
        try:
            with owned(self.root, tag):
                pass
        except Refused as error:
            raise storage_error(self.root / tag, "be written", error) from error
        except FileNotFoundError:
            return
