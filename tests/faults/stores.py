"""A release store in memory that keeps the promises of `ReleaseStore`, and can be stopped before each call of it."""
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from platform.errors import StaleError
from platform.ports.release_store import Asset, NameTaken

Step = Callable[[str, str], None]  # a call's name, and the asset's or nothing


class MemoryStore:
    """What it holds outlives the processes that use it: each gets a `seen_by` of its own."""

    def __init__(self) -> None:
        self.releases: dict[str, dict[str, bytes]] = {}
        self._step: Step = lambda call, name: None

    def seen_by(self, step: Step) -> "MemoryStore":
        """The same releases; `step` is called before each call."""
        store = MemoryStore()
        store.releases, store._step = self.releases, step
        return store

    @property
    def uri(self) -> str:
        return "memory:"

    def tags(self, prefix: str) -> tuple[str, ...]:
        self._step("tags", "")
        return tuple(sorted(tag for tag in self.releases if tag.startswith(prefix)))

    def assets(self, tag: str) -> Mapping[str, Asset] | None:
        self._step("assets", "")
        release = self.releases.get(tag)
        return None if release is None else {name: self._asset(tag, name) for name in release}

    def create(self, tag: str, title: str) -> None:
        self._step("create", tag)
        self.releases.setdefault(tag, {})

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        data = file.read_bytes()
        self._step("upload", name)
        if tag not in self.releases:
            raise StaleError(f"{tag}: the release no longer exists")
        if name in self.releases[tag]:
            raise NameTaken(self._asset(tag, name))
        self.releases[tag][name] = data
        return self._asset(tag, name)

    def download(self, tag: str, asset: Asset, target: Path) -> None:
        self._step("download", asset.name)
        target.write_bytes(self.releases[tag][asset.name])

    def _asset(self, tag: str, name: str) -> Asset:
        data = self.releases[tag][name]
        return Asset(name, len(data), hashlib.sha256(data).hexdigest(), f"memory:{tag}/{name}")
