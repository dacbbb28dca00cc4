"""The Actions cache of a GitHub repository, where our workflows save their runtime directories.

Our keys are `runtime-<tenant>-<anything>`; all others are ignored. Of the entries with the same
tenant, git ref and version, the next run restores the newest, so it never expires. The others
expire after the profile's `cache_retention`. GitHub itself deletes entries that were not restored
for a week.
"""
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from platform.model.ids import TENANT
from platform.model.profile import Profile
from platform.model.retention import expires_at
from platform.model.utc import utc_moment
from platform.releases.api import PAGE, Api
from platform.releases.open import github_of
from platform.retention.entry import ACTIONS, CacheEntry

PREFIX = "runtime-"
_KEY = re.compile(rf"{PREFIX}({TENANT})-.+", re.DOTALL)


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
        """The entries from which a run restores the newest."""
        return self.key[:len(PREFIX) + 6], self.ref, self.version


def entries(listed: Iterable[Cached], limit: str) -> list[CacheEntry]:
    """Our entries of the list, sorted. `limit` is the profile's retention, such as 1w. Pure."""
    ours = sorted(
        (one for one in listed if _KEY.fullmatch(one.key)), key=lambda one: (one.created_at, one.id)
    )
    newest = {one.group: one.id for one in ours}
    found = [
        CacheEntry(
            ACTIONS,
            "runtime",
            f"{one.key}@{one.ref}",
            one.created_at,
            None if newest[one.group] == one.id else expires_at(one.created_at, limit),
            str(one.id),
        )
        for one in ours
    ]
    return sorted(found, key=lambda entry: (entry.ref, entry.handle))


class ActionsCache:
    """The Actions cache of one repository. `api` retries where that may help, and raises errors of
    PLATFORM."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._place = f"Actions cache of {api.repository}"

    def listed(self) -> list[Cached]:
        """All entries whose keys begin like ours. It reads all pages before anything is deleted,
        because a deletion moves later entries to other pages."""
        found: dict[int, Cached] = {}
        page, more = 1, True
        while more:
            _, value = self._api.ask(self._place, partial(_list, page=page))
            here = self._api.read(self._place, _read, value)
            found |= {one.id: one for one in here}
            page, more = page + 1, len(here) == PAGE
        return list(found.values())

    def delete(self, entry: CacheEntry) -> None:
        """Delete an entry by its id; a missing entry is ignored."""
        self._api.ask(
            f"{self._place}: {entry.ref}",
            partial(_delete, cache_id=int(entry.handle)),
            final=(404,),
        )


def open_cache(profile: Profile, env: Mapping[str, str]) -> ActionsCache | None:
    """The Actions cache of the profile's GitHub repository; None (offline) if the profile has no
    repository or `env` lacks its token. Raises UsageError if another setting is missing or
    unsafe."""
    github = github_of(profile.release_store, env)
    return ActionsCache(Api(*github, permission="actions: write")) if github else None


def _list(github: Any, page: int) -> Any:
    return github.actions.get_actions_cache_list(
        key=PREFIX, per_page=PAGE, page=page, sort="created_at", direction="asc", raw_=True
    )


def _delete(github: Any, cache_id: int) -> Any:
    return github.actions.delete_actions_cache_by_id(cache_id=cache_id, raw_=True)


def _read(value: Any) -> list[Cached]:
    """A page of the list. Raises KeyError, TypeError or ValueError if it has another form."""
    return [Cached(int(one["id"]), str(one["key"]), str(one["ref"]), str(one.get("version", "")),
                   utc_moment(one["created_at"])) for one in value["actions_caches"]]
