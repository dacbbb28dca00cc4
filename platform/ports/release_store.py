"""The one interface that publishing and the billing state stand on: releases by tag, assets by name.

Its promises, which every store keeps: an asset appears whole under its name or not at all; a name is given once and
its bytes never change, so that of two who upload the same name one is told NameTaken; a release that is not there is
None and never an empty one; nothing is deleted.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from platform.errors import ConflictError


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a release. `uri` is where a person finds it."""

    name: str
    bytes: int
    sha256: str
    uri: str


class NameTaken(ConflictError):
    """The name has an asset already: `asset`. Whether its bytes are the ones meant is for the caller to say."""

    def __init__(self, asset: Asset) -> None:
        super().__init__(f"{asset.uri}: is there already; nothing was replaced")
        self.asset = asset


class ReleaseStore(Protocol):
    """RemoteError when a service says no or does not answer, StorageError when a disk does, ForbiddenError when the
    caller may not. `uri` names the store in evidence and messages."""

    @property
    def uri(self) -> str: ...

    def tags(self, prefix: str) -> tuple[str, ...]:
        """The tags of all releases that begin with a prefix, sorted."""

    def assets(self, tag: str) -> Mapping[str, Asset] | None:
        """A release's whole assets by name, as they are now; None when there is no such release."""

    def create(self, tag: str, title: str) -> None:
        """Make a release; one that is there stays as it is."""

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        """Give a name to a file's bytes, once. NameTaken when it has some; StaleError when the release is gone."""

    def download(self, tag: str, asset: Asset, target: Path) -> None:
        """An asset's bytes as a whole file. CorruptError, and no file, when they are not what `asset.sha256` says."""
