"""The interface that publishing and the billing state use: releases by tag, assets by name.

Every store guarantees:

* An asset appears complete under its name, or not at all.
* A name is write-once: if two processes upload the same name, one of them gets NameTaken.
* A missing release is None, never an empty release.
* Nothing is deleted.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from platform.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a release. `uri` is its address for people."""

    name: str
    bytes: int
    sha256: str
    uri: str


class NameTaken(ConflictError):
    """The name has an asset already: `asset`. The caller decides whether its bytes are right."""

    def __init__(self, asset: Asset) -> None:
        super().__init__(f"{asset.uri}: already exists; nothing was replaced")
        self.asset = asset


class ReleaseStore(Protocol):
    """A store of releases. `uri` names it in evidence and messages.

    Every method may raise RemoteError (the service refuses or does not answer), StorageError (the
    disk does), and ForbiddenError (the caller has no permission).
    """

    @property
    def uri(self) -> str:
        """The store's name in evidence and messages."""

    def tags(self, prefix: str) -> tuple[str, ...]:
        """The tags of all releases that begin with a prefix, sorted."""

    def assets(self, tag: str) -> Mapping[str, Asset] | None:
        """A release's complete assets by name, as they are now; None if the release is missing."""

    def create(self, tag: str, title: str) -> None:
        """Create a release. An existing release is unchanged."""

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        """Upload a file under a name, once. NameTaken if the name exists; StaleError if the release
        is missing."""

    def download(self, tag: str, asset: Asset, target: Path) -> None:
        """Write an asset's bytes to `target`. CorruptError, and no file, if the digest differs."""
