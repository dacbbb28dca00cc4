"""The release stores by the `type` that a profile names: adapters of the port
`ports/release_store.py`."""
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from platform.errors import UsageError
from platform.ports.release_store import ReleaseStore
from platform.releases.folder import FolderStore
from platform.releases.github import HOST, GitHubStore

StoreSettings = Mapping[str, Any]  # a profile's `release_store`
Environment = Mapping[str, str]
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def open_store(settings: StoreSettings, root: Path, env: Environment) -> ReleaseStore | None:
    """Open the store of a profile's `release_store`.

    None (offline) if the profile has no store, or a GitHub store whose token is not in `env`. A
    directory is relative to `root`. UsageError if a token is set, but the repository is missing or
    the host is not safe.
    """
    return RELEASE_STORES.get(settings.get("type", ""), _none)(settings, root, env)


def _none(settings: StoreSettings, root: Path, env: Environment) -> ReleaseStore | None:
    return None


def _folder(settings: StoreSettings, root: Path, env: Environment) -> ReleaseStore | None:
    return FolderStore(root / settings["dir"], f"file:{settings['dir']}")


def _github(settings: StoreSettings, root: Path, env: Environment) -> ReleaseStore | None:
    found = github_of(settings, env)
    return (
        GitHubStore(found.repository, found.token, host=found.host, token_name=found.token_name)
        if found
        else None
    )


RELEASE_STORES: dict[str, Callable[[StoreSettings, Path, Environment], ReleaseStore | None]] = {
    "none": _none, "folder": _folder, "github": _github}


class GitHub(NamedTuple):
    """A repository on GitHub or on your own server, and its access."""

    repository: str
    token: str
    host: str
    token_name: str


def github_of(settings: StoreSettings, env: Environment) -> GitHub | None:
    """The repository that a profile's `release_store` names; None and UsageError as for
    `open_store`."""
    if settings.get("type") != "github":
        return None
    name = settings.get("token_env", "GITHUB_TOKEN")
    token = env.get(name, "").strip()
    if not token:
        return None
    repository = settings.get("repository") or env.get("GITHUB_REPOSITORY", "")
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise UsageError(f"release_store: {name} is set, but no repository is named; write "
                         "`repository: owner/name` into the profile or set GITHUB_REPOSITORY, or "
                         "unset the token to stay offline")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"release_store: {name} does not contain a token; "
                         "set it to a token of GitHub")
    host = settings.get("host") or env.get("GITHUB_API_URL") or HOST
    address = urlsplit(host)
    if address.scheme != "https" and not (
        address.scheme == "http" and address.hostname in LOOPBACK
    ):
        raise UsageError(f"release_store: host {host!r} must be an https:// address, because a "
                         "token is sent to it; correct it")
    return GitHub(repository, token, host, name)
