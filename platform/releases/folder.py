"""Releases in a directory: <root>/<tag>/<name>.

A hard link makes a name write-once, because a second link to the name fails.
"""
import shutil
from collections.abc import Mapping
from pathlib import Path

from platform.errors import StaleError, StorageError
from platform.files import fsync_folder, replacing, sha256_file
from platform.ports.release_store import Asset, NameTaken
from platform.releases.arrival import arriving


class FolderStore:
    """Releases below `root`. Evidence names the directory by `uri`.

    Files whose name begins with a dot are interrupted uploads, not assets.
    """

    def __init__(self, root: Path, uri: str) -> None:
        self.root = root
        self._uri = uri

    @property
    def uri(self) -> str:
        return self._uri

    def tags(self, prefix: str) -> tuple[str, ...]:
        if not self.root.is_dir():
            return ()
        return tuple(
            sorted(
                path.name
                for path in self.root.iterdir()
                if path.is_dir() and path.name.startswith(prefix) and not path.name.startswith(".")
            )
        )

    def assets(self, tag: str) -> Mapping[str, Asset] | None:
        folder = self.root / tag
        try:
            return {
                path.name: self._asset(tag, path)
                for path in sorted(folder.iterdir())
                if path.name[0] != "."
            }
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(folder, error) from error

    def create(self, tag: str, title: str) -> None:
        folder = self.root / tag
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fsync_folder(folder.parent)
        except OSError as error:
            raise self._refused(folder, error) from error

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        folder = self.root / tag
        if not folder.is_dir():
            raise StaleError(f"{self._uri}/{tag}: the release no longer exists; restore it")
        try:
            with (
                file.open("rb") as source,
                replacing(folder / name, durable=True, once=True) as target,
            ):
                shutil.copyfileobj(source, target)
            return self._asset(tag, folder / name)
        except FileExistsError:
            raise NameTaken(self._asset(tag, folder / name)) from None
        except OSError as error:
            raise self._refused(folder / name, error) from error

    def download(self, tag: str, asset: Asset, target: Path) -> None:
        source = self.root / tag / asset.name
        try:
            kept = source.open("rb")
        except OSError as error:
            raise self._refused(source, error) from error
        with kept, arriving(asset, target) as file:
            shutil.copyfileobj(kept, file)

    def _asset(self, tag: str, path: Path) -> Asset:
        return Asset(
            path.name, path.stat().st_size, sha256_file(path), f"{self._uri}/{tag}/{path.name}"
        )

    def _refused(self, path: Path, error: OSError) -> StorageError:
        return StorageError(f"{path}: the release directory cannot be used ({error.strerror}); "
                            "fix that, then run again")
