"""GitHub's releases and assets as values, and uploads to it.

`read` raises KeyError, TypeError or ValueError if the value is not from GitHub's API.
"""
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from platform.errors import RemoteError, StorageError
from platform.model.utc import utc_moment

# GitHub changes other names
ASSET_NAME = re.compile(r"[0-9A-Za-z_](?:[0-9A-Za-z_.+-]*[0-9A-Za-z_+-])?")
SLOWEST = 250_000  # bytes/s: a slower upload is aborted
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
    """An asset, complete or not (`whole`). `sha256` is "" if the server sends no digest."""

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
        return cls(
            int(value["id"]),
            str(value["name"]),
            int(value["size"]),
            digest if kind == "sha256" else "",
            value["state"] == "uploaded",
            begun,
            str(value["browser_download_url"]),
        )


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to upload as an asset."""

    name: str
    file: Path
    size: int
    sha256: str

    @property
    def limit_s(self) -> int:
        """Seconds after which the sender stops, so that others know that an upload has failed."""
        return 60 + self.size // SLOWEST

    def pieces(self, clock: Callable[[], float]) -> Iterator[bytes]:
        """The file's bytes.

        RemoteError after `limit_s`, which closes the connection; StorageError if the file cannot be
        read or became shorter.
        """
        end, left = clock() + self.limit_s, self.size
        try:
            with self.file.open("rb") as file:
                while left and (piece := file.read(min(_PIECE, left))):
                    if clock() > end:
                        raise RemoteError(f"{self.file}: not sent within {self.limit_s} s; "
                                          "use a faster connection")
                    left -= len(piece)
                    yield piece
        except OSError as error:
            raise StorageError(f"{self.file}: cannot be read ({error.strerror}); "
                               "fix that, then run again") from error
        if left:
            raise StorageError(f"{self.file}: became shorter during the upload; run again")
