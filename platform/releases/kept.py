"""What GitHub says of releases and assets, as values, and what is sent to it. KeyError, TypeError or ValueError from
`read`: it was not GitHub who said it."""
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from platform.errors import RemoteError, StorageError
from platform.model.utc import utc_moment

NAME = re.compile(r"[0-9A-Za-z_](?:[0-9A-Za-z_.+-]*[0-9A-Za-z_+-])?")  # what GitHub keeps; it renames others
SLOWEST = 250_000  # bytes/s: an upload that is slower is given up
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class GitHubRelease:
    id: int
    tag: str
    draft: bool
    upload_url: str

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> "GitHubRelease":
        upload_url, _, _ = value["upload_url"].partition("{")
        return cls(int(value["id"]), str(value["tag_name"]), bool(value["draft"]), upload_url)


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """An asset, whole or only begun. `sha256` is "" where the server says no digest."""

    id: int
    name: str
    bytes: int
    sha256: str
    whole: bool
    begun: datetime
    uri: str

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> "StoredAsset":
        kind, _, digest = str(value.get("digest") or "").partition(":")
        begun = utc_moment(value["created_at"])
        return cls(int(value["id"]), str(value["name"]), int(value["size"]), digest if kind == "sha256" else "",
                   value["state"] == "uploaded", begun, str(value["browser_download_url"]))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on its way to be an asset."""

    name: str
    file: Path
    size: int
    sha256: str

    @property
    def limit_s(self) -> int:
        """How long sending may take: who sends stops then, so that others can tell what will not be finished."""
        return 60 + self.size // SLOWEST

    def pieces(self, clock: Callable[[], float]) -> Iterator[bytes]:
        """The file's bytes. RemoteError, and with it the end of the connection, when time is over; StorageError when
        the file is not as long as it was."""
        end, left = clock() + self.limit_s, self.size
        try:
            with self.file.open("rb") as file:
                while left and (piece := file.read(min(_PIECE, left))):
                    if clock() > end:
                        raise RemoteError(f"{self.file}: not sent within {self.limit_s} s; use a faster line")
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise StorageError(f"{self.file}: cannot be read ({error.strerror}); mend it, then run again") from error
        if left:
            raise StorageError(f"{self.file}: it became shorter while it was sent; run again")
