"""The provider `folder`: it writes a package to <root_dir>/<remote path> in a directory.

The package appears completely or not at all, after its manifest. No symbolic link below the root is
followed, even if one appears during the delivery."""
import os
import shutil
from pathlib import Path

from platform.confined import Folder, Refused, opened
from platform.files import sha256_of
from platform.owned import owned, replacing
from platform.ports.provider import Broken, Declined, Parcel, Presence, Sighting


class FolderProvider:
    """Writes packages to a directory of this machine, which may be a mounted one."""

    name = "folder"
    recorded = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def look(self, parcel: Parcel) -> Sighting:
        *above, name = parcel.remote_path.split("/")
        try:
            with owned(self._root, *above) as folder, folder.file(name) as handle:
                same = (
                    os.fstat(handle).st_size == parcel.bytes and sha256_of(handle) == parcel.sha256
                )
        except FileNotFoundError:
            return Sighting(Presence.ABSENT, "the file does not exist in the folder")
        except OSError as error:
            if isinstance(error, Refused) and not error.is_link:
                return Sighting(
                    Presence.ABSENT, f"the file does not exist in the folder: {error.strerror}"
                )
            return Sighting(Presence.UNKNOWN, f"the folder cannot be read ({error.strerror})")
        if same:
            return Sighting(Presence.THERE, "the file in the folder has the same sha256")
        return Sighting(Presence.DIFFERENT, f"another file is at {parcel.remote_path}")

    def put(self, parcel: Parcel) -> Sighting:
        """Write the manifest first, so that a reader that finds the package also finds the
        manifest."""
        *above, name = parcel.remote_path.split("/")
        try:
            with owned(self._root, *above, make=True) as folder:
                if parcel.manifest is not None:
                    _copy(parcel.manifest, folder, "manifest.json")
                _copy(parcel.package, folder, name)
        except Refused as error:  # raised before a file with the package's name exists
            raise Declined(f"the folder cannot store the package ({error.strerror})") from error
        except OSError as error:
            raise Broken(f"the folder cannot store the package ({error.strerror})") from error
        return Sighting(Presence.THERE, "renamed into place")


def _copy(source: Path, folder: Folder, name: str) -> None:
    """Copy to a temporary file next to the target, make it durable, and rename it. Links are
    followed neither in the source nor in the target."""
    with opened(source.absolute()) as handle, open(handle, "rb", closefd=False) as read, \
            replacing(folder, name, durable=True) as write:
        shutil.copyfileobj(read, write, 1 << 20)
