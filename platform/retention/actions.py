"""The Actions cache of a repository on GitHub: what our workflows saved there of their runtime folders.

Ours are the keys `runtime-<tenant>-<anything>` and no others. Of those with the same tenant, git ref and version the
newest is what the next run restores: it is in use, and stays however old it is. The others are over when the profile's
`cache_retention` is. GitHub itself deletes what nobody restored for a week.
"""
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from platform.errors import ForbiddenError, RemoteError, UsageError
from platform.model.ids import TENANT
from platform.model.profile import Profile
from platform.model.retention import expires_at, moment
from platform.retention.entry import ACTIONS, Entry

PREFIX = "runtime-"
_KEY = re.compile(rf"{PREFIX}({TENANT})-.+", re.DOTALL)
_HOST, _PAGE, _LOOPBACK = "https://api.github.com", 100, {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Cached:
    """One entry as GitHub lists it."""

    id: int
    key: str
    ref: str
    version: str
    created_at: datetime

    @property
    def group(self) -> tuple[str, str, str]:
        """What a run chooses from when it restores."""
        return self.key[:len(PREFIX) + 6], self.ref, self.version


def entries(listed: list[Cached], limit: str) -> list[Entry]:
    """Ours among what is listed, sorted. `limit` is the profile's retention. Pure."""
    ours = sorted((one for one in listed if _KEY.fullmatch(one.key)), key=lambda one: (one.created_at, one.id))
    newest = {one.group: one.id for one in ours}
    found = [Entry(ACTIONS, "runtime", f"{one.key}@{one.ref}", one.created_at,
                   None if newest[one.group] == one.id else expires_at(one.created_at, limit), str(one.id))
             for one in ours]
    return sorted(found, key=lambda entry: (entry.ref, entry.handle))


class ActionsCache:
    """`host` is the API's address; messages call the token `token_name`. Nothing is asked twice: a failure is told with
    16, and the next prune finds what is left."""

    def __init__(self, repository: str, token: str, host: str, token_name: str) -> None:
        self._repository, self._token, self._host, self._token_name = repository, token, host.rstrip("/"), token_name

    def listed(self) -> list[Cached]:
        """Everything whose key begins as ours do, all pages, before anything is deleted: pages move with what is."""
        found: list[Cached] = []
        for page in range(1, 1000):
            value = self._ask("list", self._github.actions.get_actions_cache_list, key=PREFIX, per_page=_PAGE,
                              page=page, sort="created_at", direction="asc")
            here = list(self._read(value))
            found += here
            if len(here) < _PAGE:
                break
        return list({one.id: one for one in found}.values())

    def delete(self, entry: Entry) -> None:
        """Delete one by its id; one that is gone already is no error."""
        self._ask(f"delete {entry.ref}", self._github.actions.delete_actions_cache_by_id, cache_id=int(entry.handle))

    @cached_property
    def _github(self) -> Any:
        # ghapi's client of these operations alone: all 1,200 take a second to make, and GhApi() would prefer a
        # GITHUB_JWT_TOKEN of the environment to the profile's token.
        from types import SimpleNamespace

        import httpx2
        from fastspec.oapi import OpenAPIClient
        from ghapi.core import GhSyncTransport, pspec

        make: Any = OpenAPIClient  # both without types
        speak: Any = GhSyncTransport
        owner, name = self._repository.split("/")
        client = httpx2.Client(timeout=60, headers={
            "Authorization": f"Bearer {self._token}", "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28", "User-Agent": "platform-runner"})
        operations = [one for one in pspec.ops if one.path.startswith("/repos/{owner}/{repo}/actions/caches")]
        return make(SimpleNamespace(ops=operations, base_url=self._host), defaults={"owner": owner, "repo": name},
                    transport=speak(client=client, retries=0))

    def _ask(self, what: str, call: Any, **words: Any) -> Any:
        """The JSON of an answer; None where there is nothing, or not any more. Errors hold no word of a request."""
        import httpx2
        from ghapi.core import APIError

        place, status = f"{what} (Actions cache of {self._repository})", 0
        try:
            response = call(**words, raw_=True)
            return response.json() if response.content else None
        except APIError as error:
            status = error.response.status_code if error.response is not None else 0
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
        except httpx2.RequestError:
            pass
        except ValueError:
            status = -1
        if status == 404 and "cache_id" in words:
            return None
        if status in (401, 403, 404):
            raise ForbiddenError(f"{place}: GitHub refuses the token in {self._token_name} ({status}); give it "
                                 "`actions: write` on the repository")
        if status == -1:
            raise self._strange()
        said = f"GitHub answers {status}" if status else f"{self._host} does not answer"
        raise RemoteError(f"{place}: {said}; run again later, what is left is found again")

    def _read(self, value: Any) -> Iterator[Cached]:
        try:
            for one in value["actions_caches"]:
                at = moment(one["created_at"])
                if at is None:
                    raise ValueError("created_at")
                yield Cached(int(one["id"]), str(one["key"]), str(one["ref"]), str(one.get("version", "")), at)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._strange() from None

    def _strange(self) -> RemoteError:
        return RemoteError(f"{self._host}: does not answer as GitHub's API does; check the profile's `host`")


def open_cache(profile: Profile, env: Mapping[str, str]) -> ActionsCache | None:
    """The Actions cache of the profile's GitHub repository; None when the profile has none, or its token is not in
    `env`: offline. UsageError when the rest of what it needs is missing or unsafe."""
    settings = profile.release_store
    name = str(settings.get("token_env", "GITHUB_TOKEN"))
    token = env.get(name, "").strip()
    if settings.get("type") != "github" or not token:
        return None
    repository = settings.get("repository") or env.get("GITHUB_REPOSITORY", "")
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise UsageError(f"{name} is set, and no repository is named; write `repository: owner/name` into the profile's "
                         "release_store or set GITHUB_REPOSITORY")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"what {name} holds is no token; put one of GitHub's there")
    host = settings.get("host") or env.get("GITHUB_API_URL") or _HOST
    address = urlsplit(host)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in _LOOPBACK):
        raise UsageError(f"release_store: host {host!r} is no https:// address, and a token is sent over nothing else")
    return ActionsCache(repository, token, host, name)
