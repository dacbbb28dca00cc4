"""scripts/check_repository_settings against a GitHub of our own: what is open is said, and what cannot be told is not
passed. It was never run against github.com; test_prism_settings.py holds requests and answers to its description."""
import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from platform.config.schema import schema
from platform.verify.github_settings import Settings
from platform.verify.setting_rules import RULES
from platform.verify.settings import SettingRule, verdicts
from tests import in_process
from tests.releases.fake_github import CUT, TOKEN, FakeGitHub, Fault
from tests.releases.fake_settings import secure
from tests.support import ROOT

LIST = ROOT / "config" / "repository_settings.yml"


@pytest.fixture(scope="module")
def server():
    """A GitHub of our own, and the reader: making ghapi's client takes a second."""
    with FakeGitHub() as fake:
        yield fake, Settings(fake.repository, TOKEN, fake.host)


@pytest.fixture
def repository(server, tmp_path):
    """A repository in which all is closed, and the shipped list with its one writer."""
    github, _ = server
    github.settings, github.before = secure(), lambda request: None
    github.requests.clear()
    listed = yaml.safe_load(LIST.read_text())
    next(one for one in listed["settings"] if one["id"] == "writers")["allow"] = ["octocat"]
    (tmp_path / "list.yml").write_text(yaml.safe_dump(listed))
    return github


@pytest.fixture
def states(server, repository, tmp_path):
    """What is not closed, by id: its state and what was found."""
    def read() -> dict[str, list[str]]:
        listed = tuple(SettingRule(**{**one, "allow": tuple(one.get("allow", ()))})
                       for one in yaml.safe_load((tmp_path / "list.yml").read_text())["settings"])
        return {one.entry.id: [one.state, *one.found] for one in verdicts(listed, server[1].read())
                if one.state != "closed"}
    return read


def checked(github, file: Path, *options: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **github.env(), "GITHUB_TOKEN": token, "GITHUB_API_URL": github.host}
    script = ROOT / "scripts/check_repository_settings"
    return in_process.run(in_process.script(script), [str(script), github.repository, "--list", str(file), *options],
                          ROOT, env)


def put(settings, path: str, *way: str | int, to) -> None:
    at = settings[path]
    for part in way[:-1]:
        at = at[part]
    at[way[-1]] = to


def remove_rule(settings, type_: str) -> None:
    settings["/rules/branches/main"] = [rule for rule in settings["/rules/branches/main"] if rule["type"] != type_]


@pytest.mark.slow
def test_where_all_is_closed_it_says_so(repository, tmp_path):
    done = checked(repository, tmp_path / "list.yml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "harbour/ledger: 16 settings, 0 open, 0 unknown"
    assert {request.method for request in repository.requests} == {"GET"}


def test_the_list_the_schema_and_the_rules_name_the_same_settings():
    listed = [one["id"] for one in yaml.safe_load(LIST.read_text())["settings"]]
    assert listed == schema("repository_settings")["$defs"]["setting"]["properties"]["id"]["enum"] == list(RULES)


OPENED = [
    ("private", lambda s: put(s, "", "private", to=False), "the repository is public"),
    ("review", lambda s: remove_rule(s, "pull_request"), "without another person's approval"),
    ("review", lambda s: put(s, "/rules/branches/main", 0, "parameters", "required_approving_review_count", to=0),
     "without another person's approval"),
    ("review", lambda s: s["/rules/branches/main"][0]["parameters"].update(
        require_last_push_approval=False, dismiss_stale_reviews_on_push=False), "also covers later pushes"),
    ("code-owners", lambda s: put(s, "/rules/branches/main", 0, "parameters", "require_code_owner_review", to=False),
     "needs no owner's approval"),
    ("code-owners", lambda s: put(s, "/codeowners/errors", "errors", to=[{"line": 1}]), "CODEOWNERS has 1 errors"),
    ("code-owners", lambda s: s.update({"/codeowners/errors": None}), "there is no CODEOWNERS file"),
    ("no-rewriting", lambda s: remove_rule(s, "non_fast_forward"), "can be force-pushed"),
    ("no-rewriting", lambda s: remove_rule(s, "deletion"), "can be deleted"),
    ("no-bypass", lambda s: put(s, "/rulesets/11", "bypass_actors", to=[{"actor_id": 1}]), "the ruleset 'main'"),
    ("no-bypass", lambda s: put(s, "/rulesets/13", "bypass_actors", to=[{"actor_id": 1}]), "the ruleset 'workflows'"),
    ("checks", lambda s: remove_rule(s, "required_status_checks"), "although CI fails"),
    ("environment", lambda s: put(s, "/environments", "environments", to=[]), "there is no environment billing"),
    ("environment", lambda s: put(s, "/environments", "environments", 0, "protection_rules", to=[]),
     "without approval"),
    ("environment", lambda s: put(s, "/environments", "environments", 0, "protection_rules", 0, "reviewers", to=[]),
     "without approval"),
    ("environment", lambda s: put(s, "/environments", "environments", 0, "protection_rules", 0, "prevent_self_review",
                                  to=False), "the person who started a job may approve it"),
    ("environment", lambda s: put(s, "/environments", "environments", 0, "can_admins_bypass", to=True),
     "administrators can bypass the approval"),
    ("environment", lambda s: put(s, "/environments", "environments", 0, "deployment_branch_policy", to=None),
     "a workflow of any branch"),
    ("environment", lambda s: put(s, "/environments/billing/deployment-branch-policies", "branch_policies", 0, "name",
                                  to="*"), "workflows of * may use"),
    ("repository-secrets", lambda s: put(s, "/actions/secrets", "secrets", to=[{"name": "PLATFORM_SIGNING_KEY"}]),
     "PLATFORM_SIGNING_KEY"),
    ("branch-workflows", lambda s: s.update({"/rulesets": s["/rulesets"][:2]}), "their own workflow"),
    ("branch-workflows", lambda s: put(s, "/rulesets/13", "enforcement", to="evaluate"), "their own workflow"),
    ("branch-workflows", lambda s: put(s, "/rulesets/13", "rules", 0, "parameters", "restricted_file_paths",
                                       to=["docs/**"]), "their own workflow"),
    ("default-token", lambda s: put(s, "/actions/permissions/workflow", "default_workflow_permissions", to="write"),
     "a token that can write"),
    ("default-token", lambda s: put(s, "/actions/permissions/workflow", "can_approve_pull_request_reviews", to=True),
     "approve pull requests"),
    ("actions", lambda s: put(s, "/actions/permissions", "allowed_actions", to="all"), "any action"),
    ("actions", lambda s: put(s, "/actions/permissions", "sha_pinning_required", to=False), "named by a tag"),
    ("forks", lambda s: put(s, "/actions/permissions/fork-pr-workflows-private-repos", "send_write_tokens_to_workflows",
                            to=True), "with a token that can write"),
    ("forks", lambda s: put(s, "/actions/permissions/fork-pr-workflows-private-repos",
                            "require_approval_for_fork_pr_workflows", to=False), "without approval"),
    ("tags", lambda s: put(s, "/rulesets/12", "rules", to=[{"type": "deletion"}]), "can be moved"),
    ("tags", lambda s: put(s, "/rulesets/12", "conditions", "ref_name", "exclude", to=["refs/tags/v*"]),
     "can be deleted"),
    ("writers", lambda s: put(s, "/collaborators", 0, "login", to="stranger"), "stranger may write"),
    ("writers", lambda s: s.update({"/keys": [{"title": "ci", "read_only": False}]}), "deploy keys that can write: ci"),
    ("secret-scanning", lambda s: put(s, "", "security_and_analysis", "secret_scanning_push_protection", "status",
                                      to="disabled"), "a secret can be pushed"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "opened", "words"), OPENED, ids=[f"{row[0]}: {row[2]}" for row in OPENED])
def test_what_is_open_is_said(repository, states, name, opened, words):
    opened(repository.settings)
    found = states()
    assert name in found and {state[0] for state in found.values()} == {"open"}
    assert words in " ".join(found[name][1:])


@pytest.mark.slow
def test_what_is_open_ends_with_1_and_is_said_with_why_and_where(repository, tmp_path):
    repository.settings["/actions/secrets"]["secrets"] = [{"name": "PLATFORM_SIGNING_KEY"}]
    done = checked(repository, tmp_path / "list.yml")
    assert (done.returncode, done.stderr) == (1, "")
    [line] = [line for line in done.stdout.splitlines() if line.startswith("open ")]
    assert "repository-secrets: a workflow on any branch can read the secrets PLATFORM_SIGNING_KEY; why: " in line
    assert "; set it at: Settings, Secrets and variables, Actions" in line
    as_json = json.loads(checked(repository, tmp_path / "list.yml", "--json").stdout)
    assert [one["id"] for one in as_json["settings"] if one["state"] == "open"] == ["repository-secrets"]


@pytest.mark.slow
def test_what_is_accepted_is_told_and_fails_nothing(repository, states, tmp_path):
    repository.settings["/immutable-releases"] = None
    assert [*states()] == ["immutable-releases"]
    done = checked(repository, tmp_path / "list.yml")
    assert done.returncode == 0
    assert "accepted     immutable-releases: anyone who may write can replace and delete" in done.stdout


@pytest.mark.slow
def test_classic_protection_counts_as_well(repository, states):
    settings = repository.settings
    settings["/rules/branches/main"] = []
    settings["/branches/main/protection"] = {
        "required_pull_request_reviews": {"required_approving_review_count": 1, "require_code_owner_reviews": True,
                                          "dismiss_stale_reviews": True},
        "required_status_checks": {"contexts": ["ci"]}, "enforce_admins": {"enabled": True},
        "allow_force_pushes": {"enabled": False}, "allow_deletions": {"enabled": False}}
    assert states() == {}
    settings["/branches/main/protection"]["enforce_admins"]["enabled"] = False
    assert list(states()) == ["no-bypass"]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "names"), [
    ("/actions/permissions", ["actions"]), ("/branches/main/protection", ["review", "code-owners", "no-rewriting",
                                                                          "no-bypass"]),
    ("/rulesets", ["no-bypass", "branch-workflows", "tags"]), ("/collaborators", ["writers"]),
    ("/environments", ["environment"]), ("/actions/secrets", ["repository-secrets"])])
@pytest.mark.parametrize("status", [403, 404])
def test_what_the_token_may_not_read_cannot_be_told(repository, states, path, names, status):
    repository.before = lambda request: Fault(status, message="Resource not accessible") if request.path.endswith(
        f"/ledger{path}") else None
    found = states()
    assert {name: state[0] for name, state in found.items()} == dict.fromkeys(names, "cannot tell")


@pytest.mark.slow
def test_who_may_bypass_is_not_shown_to_every_token_and_what_cannot_be_told_is_17(repository, states, tmp_path):
    del repository.settings["/rulesets/11"]["bypass_actors"]
    assert states()["no-bypass"][0] == "cannot tell"
    done = checked(repository, tmp_path / "list.yml")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        17, "harbour/ledger: 16 settings, 0 open, 1 unknown")


@pytest.mark.slow
def test_a_second_page_is_read(repository, states):
    one = repository.settings["/collaborators"][0]
    repository.settings["/collaborators"] = [one] * 100 + [{**one, "login": "stranger"}]
    assert "stranger" in states()["writers"][1]


@pytest.mark.slow
@pytest.mark.parametrize(("fault", "status", "words"), [
    (CUT, 16, "does not answer"), (Fault(503), 16, "answers 503"), (Fault(429), 16, "answers 429")])
def test_a_server_that_does_not_answer_is_16(repository, tmp_path, fault, status, words):
    repository.before = lambda request: fault
    done = checked(repository, tmp_path / "list.yml")
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr and "Traceback" not in done.stderr and TOKEN not in done.stderr


@pytest.mark.slow
def test_a_token_that_is_refused_or_not_there_is_17(repository, tmp_path):
    for token, words in (("ghp_other", "refuses the token"), ("", "GITHUB_TOKEN is not set")):
        done = checked(repository, tmp_path / "list.yml", token=token)
        assert (done.returncode, done.stdout, words in done.stderr) == (17, "", True), done.stderr


def test_a_list_that_is_wrong_is_told_with_its_place(repository, tmp_path):
    (tmp_path / "list.yml").write_text("settings:\n  - {id: privat, why: x, where: y}\n")
    done = checked(repository, tmp_path / "list.yml")
    assert done.returncode == 10
    assert "list.yml:2:10: error[not-allowed]: `id` cannot be `privat`; did you mean `private`?" in done.stderr
