"""A folder as provider: <root_dir>/<remote path>. The package appears there whole or not at all, last of its files."""
import shutil
from pathlib import Path

from platform.delivery.provider import Broken, Parcel, Presence, Sighting
from platform.files import replacing, sha256_file


class FolderProvider:
    """Puts packages below a folder of this machine (or one that is mounted here)."""

    name = "folder"
    recorded = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def look(self, parcel: Parcel) -> Sighting:
        path = self._root / parcel.remote_path
        try:
            if not path.exists():
                return Sighting(Presence.ABSENT, "there is no such file in the folder")
            same = path.stat().st_size == parcel.bytes and sha256_file(path) == parcel.sha256
        except OSError as error:
            return Sighting(Presence.UNKNOWN, f"the folder cannot be read ({error.strerror})")
        if same:
            return Sighting(Presence.THERE, "the file in the folder has the same sha256")
        return Sighting(Presence.DIFFERENT, f"another file is at {parcel.remote_path}")

    def put(self, parcel: Parcel) -> Sighting:
        """The manifest first, so that whoever sees the package sees its manifest too."""
        target = self._root / parcel.remote_path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if parcel.manifest is not None:
                _copy(parcel.manifest, target.parent / "manifest.json")
            _copy(parcel.package, target)
        except OSError as error:
            raise Broken(f"the folder did not take the package ({error.strerror})") from error
        return Sighting(Presence.THERE, "renamed into place")


def _copy(source: Path, target: Path) -> None:
    """Copy beside the target, make it durable, rename it into place."""
    with source.open("rb") as read, replacing(target, durable=True) as write:
        shutil.copyfileobj(read, write, 1 << 20)
