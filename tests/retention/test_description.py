"""What we ask of the Actions cache, and what our fake answers, held against GitHub's own description of its API: the
npm package @octokit/openapi, which scripts/setup_peers puts into build/peers/."""
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from jsonschema import Draft4Validator

from platform.releases.api import Api
from platform.retention.actions import ActionsCache, entries
from tests.releases.fake_github import TOKEN
from tests.retention.fake_caches import FakeCaches
from tests.support import ROOT

DESCRIPTION = ROOT / "build/peers/node_modules/@octokit/openapi/generated/api.github.com.json"
CACHES = "/repos/{owner}/{repo}/actions/caches"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    if not DESCRIPTION.is_file():
        pytest.skip("@octokit/openapi is not installed: run scripts/setup_peers")
    whole: dict[str, Any] = json.loads(DESCRIPTION.read_text())
    return whole


@pytest.fixture
def github() -> Iterator[FakeCaches]:
    with FakeCaches() as fake:
        for number in range(101):
            fake.save(f"runtime-nxlkGI-{number}-1", datetime(2026, 1, 1, 0, 0, number % 60, number, tzinfo=UTC))
        yield fake


def faults(described: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    checked = Draft4Validator({**schema, "components": described["components"]})
    return [error.message for error in checked.iter_errors(value)]


def resolved(described: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = part
    if "$ref" in part:
        _, _, kind, name = part["$ref"].split("/")
        found = described["components"][kind][name]
    return found


def operation(described: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """What the description says of a request that was made."""
    template = CACHES + ("/{cache_id}" if re.search(r"/caches/\d+$", path) else "")
    found: dict[str, Any] = described["paths"][template][method.lower()]
    return found


@pytest.mark.slow
def test_each_request_is_one_that_github_describes(described: dict[str, Any], github: FakeCaches) -> None:
    cache = ActionsCache(Api(github.repository, TOKEN, github.host, "GITHUB_TOKEN", github.sleep))
    over = [entry for entry in entries(cache.listed(), "1w") if entry.expires_at][:2]
    for entry in over:
        cache.delete(entry)
    assert [request.method for request in github.requests] == ["GET", "GET", "DELETE", "DELETE"]
    for request in github.requests:
        parameters = [resolved(described, part)
                      for part in operation(described, request.method, request.path)["parameters"]]
        known = {part["name"]: part["schema"] for part in parameters if part["in"] == "query"}
        for name, text in request.query.items():
            value: Any = int(text) if known[name]["type"] == "integer" else text
            assert faults(described, known[name], value) == [], name


def test_each_answer_of_the_fake_is_one_that_github_describes(described: dict[str, Any], github: FakeCaches) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = f"{github.host}/repos/{github.repository}/actions/caches"
    listed = httpx2.get(url, params={"key": "runtime-"}, headers=headers)
    answer = resolved(described, operation(described, "GET", "/caches")["responses"]["200"])
    schema = answer["content"]["application/json"]["schema"]
    assert (listed.status_code, faults(described, schema, listed.json())) == (200, [])
    assert faults(described, schema, {"actions_caches": [{"id": "1"}]}), "so this test can fail"
    first = listed.json()["actions_caches"][0]["id"]
    deleted = httpx2.delete(f"{url}/{first}", headers=headers)
    assert str(deleted.status_code) in operation(described, "DELETE", f"/caches/{first}")["responses"]
