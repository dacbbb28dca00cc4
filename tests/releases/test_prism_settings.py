"""GitHub's own description of its API stands between the reader of settings and our fake.

The fields of our fake are laid over the examples of the description, so that what we read has GitHub's names, types and
places; the proxy refuses a request or an answer that the description does not have.
"""
import copy
import json
import re

import pytest

from platform.errors import RemoteError
from platform.verify.github_settings import Settings
from tests.releases.fake_github import TOKEN, FakeGitHub
from tests.releases.fake_settings import secure
from tests.releases.peers import description, free_port, program, running

REPO = "/repos/{owner}/{repo}"
PATHS = [REPO + path for path in (
    "", "/rules/branches/{branch}", "/rulesets", "/rulesets/{ruleset_id}", "/branches/{branch}/protection",
    "/environments", "/environments/{environment_name}/deployment-branch-policies", "/actions/secrets",
    "/actions/permissions", "/actions/permissions/workflow", "/actions/permissions/fork-pr-contributor-approval",
    "/actions/permissions/fork-pr-workflows-private-repos", "/immutable-releases", "/collaborators", "/keys",
    "/codeowners/errors")]


def laid_over(example, ours):
    """Our fields over an example's; each item of a list over the example's first."""
    if isinstance(ours, dict) and isinstance(example, dict):
        return {**example, **{name: laid_over(example.get(name), value) for name, value in ours.items()}}
    if isinstance(ours, list) and isinstance(example, list) and example:
        like = {one.get("type"): one for one in example if isinstance(one, dict)}
        return [laid_over(like.get(one.get("type"), {} if "type" in one else example[0]), one)
                if isinstance(one, dict) else one for one in ours]
    return ours


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    prism, folder, port = program("@stoplight/prism-cli", "prism"), tmp_path_factory.mktemp("prism"), free_port()
    described = description(lambda path: path in PATHS)
    examples = {}
    for path, what in described["paths"].items():
        found = what["get"]["responses"]["200"]["content"]["application/json"]["examples"]
        example = next(iter(found.values()))
        examples[path.removeprefix(REPO)] = described["components"]["examples"][example["$ref"].rpartition("/")[2]][
            "value"] if "$ref" in example else example["value"]
    for one in ("", "source"):  # GitHub's own example lacks a field that its description requires
        (examples[""][one] if one else examples[""])["language"] = None
    (folder / "settings.json").write_text(json.dumps(described))
    with FakeGitHub() as fake:
        fake.public = f"http://127.0.0.1:{port}"
        command = [prism, "proxy", "--errors", "--port", str(port), folder / "settings.json", fake.origin]
        with running(command, port, folder / "log"):
            yield fake, examples, folder / "log"


def whole(examples) -> dict[str, object]:
    """All closed, in whole answers."""
    def example(path):
        form = next(form for form in examples if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", form), path))
        return copy.deepcopy(examples[form])
    return {path: None if ours is None else laid_over(example(path), ours) for path, ours in secure().items()}


@pytest.mark.slow
def test_what_is_asked_and_answered_is_in_the_description(proxy):
    fake, examples, log = proxy
    fake.settings = whole(examples)
    fake.settings["/branches/main/protection"] = {  # GitHub's example is not what its description says
        "required_pull_request_reviews": {"dismiss_stale_reviews": True, "require_code_owner_reviews": True,
                                          "required_approving_review_count": 1},
        "required_status_checks": {"contexts": ["ci"], "checks": []},
        "enforce_admins": {"url": "https://api.github.com/x", "enabled": True},
        "allow_force_pushes": {"enabled": False}, "allow_deletions": {"enabled": False}}
    before = log.read_text().lower().count("violation")
    read = Settings(fake.repository, TOKEN, fake.host).read()
    assert {question: answer.unreadable for question, answer in read.items() if answer.unreadable} == {}
    assert len(read) == 15
    assert log.read_text().lower().count("violation") == before


@pytest.mark.slow
def test_an_answer_that_is_not_in_the_description_is_noticed(proxy):
    """So the test above can fail."""
    fake, examples, _ = proxy
    fake.settings = whole(examples)
    fake.settings["/actions/permissions"]["allowed_actions"] = "some"
    with pytest.raises(RemoteError, match="answers 500"):
        Settings(fake.repository, TOKEN, fake.host).read()
