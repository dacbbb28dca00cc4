"""The Actions cache of a repository over HTTP, beside the releases of FakeGitHub: list by key prefix, page by page, and
delete by id, as GitHub's description of its REST API has them."""
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.releases.fake_github import FakeGitHub, Reply, Request, _refusal


@dataclass(frozen=True)
class FakeCache:
    id: int
    key: str
    created_at: datetime
    ref: str = "refs/heads/main"
    version: str = "73885106f58cc52a7df9ec4d4a5622a5614813162cb516c759a30af6bf56e6f0"

    def shown(self) -> dict[str, Any]:
        at = self.created_at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")  # GitHub writes seven digits
        return {"id": self.id, "ref": self.ref, "key": self.key, "version": self.version, "last_accessed_at": at,
                "created_at": at, "size_in_bytes": 1024}


class FakeCaches(FakeGitHub):
    """`caches` is what there is; `access` says what a token may do, as for releases."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.caches: dict[int, FakeCache] = {}

    def save(self, key: str, created_at: datetime, **words: str) -> FakeCache:
        with self.lock:
            made = FakeCache(self._next(), key, created_at, **words)
            self.caches[made.id] = made
            return made

    @property
    def keys(self) -> list[str]:
        return sorted(cache.key for cache in self.caches.values())

    def answer(self, request: Request) -> Reply:
        mine = f"{self.prefix}/repos/{self.repository}/actions/caches"
        access = self.access.get(request.headers.get("authorization", "").rpartition(" ")[2])
        if not request.path.startswith(mine) or access in (None, "none"):
            return super().answer(request)
        with self.lock:
            if request.method == "GET" and request.path == mine:
                return Reply(200, self._listed(request.query))
            id_ = request.path.removeprefix(mine + "/")
            if request.method != "DELETE" or not id_.isdigit():
                return _refusal(404, "Not Found")
            if access != "write":
                return _refusal(403, "Resource not accessible by integration")
            return Reply(204, None) if self.caches.pop(int(id_), None) else _refusal(404, "Not Found")

    def _listed(self, query: Mapping[str, str]) -> dict[str, Any]:
        found = [cache for cache in self.caches.values() if cache.key.startswith(query.get("key", ""))]
        found.sort(key=lambda cache: cache.created_at, reverse=query.get("direction", "desc") == "desc")
        size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
        here = found[(page - 1) * size:page * size]
        return {"total_count": len(found), "actions_caches": [cache.shown() for cache in here]}
