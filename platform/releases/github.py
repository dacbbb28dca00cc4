"""Releases on GitHub. Assets are write-once because GitHub accepts each name once per release.

* A release is never a draft, because others do not see the tag of a draft. It is always a
  prerelease, so that it never becomes the repository's "latest". GitHub creates the tag at the head
  of the default branch.
* If an upload gets no answer, the store looks for the asset before it sends it again. It accepts
  the asset only if the bytes are the same.
* An interrupted upload leaves an asset in state `starter`, which blocks the name. The store deletes
  it once it is older, by GitHub's clock, than any of its own uploads can be. A younger one may be
  another process's upload in progress. No complete asset is ever deleted.
* GitHub's digest is the asset's sha256. If a server sends no digest, the store downloads and hashes
  the asset, once per process.
"""
import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from platform.errors import ForbiddenError, PlatformError, RemoteError, StaleError, StorageError
from platform.files import sha256_file
from platform.ports.release_store import Asset, NameTaken
from platform.releases.api import PAGE, SILENCE_S, Api
from platform.releases.arrival import arriving
from platform.releases.kept import ASSET_NAME, GitHubRelease, StoredAsset, Upload

HOST = "https://api.github.com"


class GitHubStore:
    """`host` is the API's address, `token_name` the token's name in messages. `sleep` takes
    seconds."""

    def __init__(
        self,
        repository: str,
        token: str,
        *,
        host: str = HOST,
        token_name: str = "GITHUB_TOKEN",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api = Api(repository, token, host, token_name, sleep)
        site = (
            "https://github.com"
            if self._api.host == HOST
            else self._api.host.removesuffix("/api/v3")
        )
        self.uri = f"{site}/{repository}"
        self._ids: dict[str, int] = {}  # ids of the listed assets, by uri
        self._hashed: dict[int, str] = {}
        self._visible = False

    def tags(self, prefix: str) -> tuple[str, ...]:
        def call(github: Any, page: int) -> Any:
            return github.repos.list_releases(per_page=PAGE, page=page, raw_=True)

        releases = self._api.pages(self.uri, call)
        if releases is None:
            raise self._invisible()
        named = [self._api.read(self.uri, GitHubRelease.read, value) for value in releases]
        return tuple(
            sorted(one.tag for one in named if one.tag.startswith(prefix) and not one.draft)
        )

    def assets(self, tag: str) -> Mapping[str, Asset] | None:
        release = self._release(tag)
        kept = None if release is None else self._kept(tag, release)
        if kept is None:
            return None
        return {
            one.name: self._asset(tag, one)
            for one in sorted(kept, key=lambda one: one.name)
            if one.whole
        }

    def create(self, tag: str, title: str) -> None:
        if self._release(tag) is not None:
            return
        place = self._place(tag)
        answer, _ = self._api.ask(place, lambda github: github.repos.create_release(
            tag_name=tag, name=title or tag, draft=False, prerelease=True, raw_=True), final=(422,))
        if not answer.ok and ("already_exists" not in answer.codes or self._release(tag) is None):
            raise self._api.error(place, answer)

    def upload(self, tag: str, name: str, file: Path) -> Asset:
        place, release = self._place(tag, name), self._release(tag)
        if release is None:
            raise StaleError(f"{place}: the release no longer exists; restore it")
        upload = self._upload(place, name, file)
        budget, lost = self._api.budget(), False
        while True:
            answer, value = self._api.once(partial(self._send, release, upload))
            if answer.ok:
                return self._verified(tag, upload, value)
            lost = lost or answer.unknown
            if answer.status == 404 and self._release(tag) is None:
                raise StaleError(f"{place}: the release no longer exists; restore it")
            there = (
                self._named(tag, release, name) if answer.unknown or answer.status == 422 else None
            )
            if there is not None and there.whole:
                asset = self._asset(tag, there)
                if lost and asset.sha256 == upload.sha256:
                    return asset
                raise NameTaken(asset)
            error: PlatformError = self._api.error(place, answer)
            wait_s = answer.wait_s(budget.tried)
            if there is not None:
                wait_s, error = self._clear(place, upload, there)
            elif "already_exists" in answer.codes:  # but not listed: just deleted, or too new
                wait_s = budget.tried
            if not budget.wait(wait_s):
                raise error

    def download(self, tag: str, asset: Asset, target: Path) -> None:
        place = self._place(tag, asset.name)
        if asset.uri not in self._ids:
            self.assets(tag)
        if asset.uri not in self._ids:
            raise RemoteError(f"{place}: the asset no longer exists; restore the release")
        with arriving(asset, target) as file:
            def start() -> Callable[[bytes], object]:
                file.seek(0)
                file.truncate()
                return file.write

            self._api.fetch(place, self._ids[asset.uri], start)

    def _place(self, *names: str) -> str:
        return "/".join((f"{self.uri}/releases", *names))

    def _release(self, tag: str) -> GitHubRelease | None:
        place = self._place(tag)
        answer, value = self._api.ask(
            place, lambda github: github.repos.get_release_by_tag(tag, raw_=True), final=(404,)
        )
        if answer.ok:
            self._visible = True
            return self._api.read(place, GitHubRelease.read, value)
        if not self._visible:  # GitHub also answers 404 if the token may not see the repository
            answer, _ = self._api.ask(
                self.uri,
                lambda github: github.repos.list_releases(per_page=1, raw_=True),
                final=(404,),
            )
            if answer.status == 404:
                raise self._invisible()
            self._visible = True
        return None

    def _invisible(self) -> ForbiddenError:
        return ForbiddenError(f"{self.uri}: the repository does not exist, or the token in "
                              f"{self._api.token_name} may not see it; check the profile's "
                              "`repository` and the token's permission")

    def _kept(self, tag: str, release: GitHubRelease) -> list[StoredAsset] | None:
        def call(github: Any, page: int) -> Any:
            return github.repos.list_release_assets(release.id, per_page=PAGE, page=page, raw_=True)

        place = self._place(tag)
        values = self._api.pages(place, call)
        return (
            None
            if values is None
            else [self._api.read(place, StoredAsset.read, value) for value in values]
        )

    def _named(self, tag: str, release: GitHubRelease, name: str) -> StoredAsset | None:
        return next((one for one in self._kept(tag, release) or () if one.name == name), None)

    def _asset(self, tag: str, kept: StoredAsset) -> Asset:
        self._ids[kept.uri] = kept.id
        if not kept.sha256 and kept.id not in self._hashed:
            self._hashed[kept.id] = self._hash(self._place(tag, kept.name), kept.id)
        return Asset(kept.name, kept.bytes, kept.sha256 or self._hashed[kept.id], kept.uri)

    def _hash(self, place: str, asset_id: int) -> str:
        digest = hashlib.sha256()

        def start() -> Callable[[bytes], object]:
            nonlocal digest
            digest = hashlib.sha256()
            return digest.update

        self._api.fetch(place, asset_id, start)
        return digest.hexdigest()

    def _upload(self, place: str, name: str, file: Path) -> Upload:
        if not ASSET_NAME.fullmatch(name):
            raise RemoteError(f"{place}: GitHub would change this name; "
                              "use only letters, digits and . _ + -")
        try:
            upload = Upload(name, file, file.stat().st_size, sha256_file(file))
        except OSError as error:
            raise StorageError(f"{file}: cannot be read ({error.strerror}); "
                               "fix that, then run again") from error
        if upload.size == 0:
            raise RemoteError(f"{place}: GitHub does not accept an empty file; leave it out")
        return upload

    def _send(self, release: GitHubRelease, upload: Upload, github: Any) -> Any:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(upload.size)}
        return github.transport.request(
            "POST",
            release.upload_url,
            params={"name": upload.name},
            headers=headers,
            content=upload.pieces(time.monotonic),
            raw=True,
        )

    def _verified(self, tag: str, upload: Upload, value: Any) -> Asset:
        place = self._place(tag, upload.name)
        kept = self._api.read(place, StoredAsset.read, value)
        asset = self._asset(tag, kept)
        if (kept.whole, asset.name, asset.bytes, asset.sha256) != (
            True,
            upload.name,
            upload.size,
            upload.sha256,
        ):
            raise RemoteError(f"{place}: GitHub stored other bytes than were sent; "
                              "delete that asset, then run again")
        return asset

    def _clear(self, place: str, upload: Upload, starter: StoredAsset) -> tuple[int, RemoteError]:
        """Delete an interrupted upload. Returns the seconds to wait before sending again, and the
        error to raise if that is too long."""
        answer, value = self._api.ask(
            place,
            lambda github: github.repos.get_release_asset(starter.id, raw_=True),
            final=(404,),
        )
        now = answer.time()
        if now is None:
            raise self._api.strange(place)
        dead = starter.begun + timedelta(seconds=upload.limit_s + 2 * SILENCE_S)
        error = RemoteError(f"{place}: an upload that began at {starter.begun:%H:%M:%S} UTC is "
                            f"incomplete; run again after {dead:%H:%M:%S} UTC, when it can be "
                            "replaced")
        if answer.ok and not self._api.read(place, StoredAsset.read, value).whole:
            if now <= dead:
                return int((dead - now).total_seconds()) + 1, error
            self._api.ask(
                place,
                lambda github: github.repos.delete_release_asset(starter.id, raw_=True),
                final=(404,),
            )
        return 0, error
