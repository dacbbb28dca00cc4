"""The store that a profile names."""
import pytest

from platform.errors import UsageError
from platform.releases.folder import FolderStore
from platform.releases.github import GitHubStore
from platform.releases.open import open_store

GITHUB = {"type": "github", "repository": "harbour/ledger", "token_env": "MY_TOKEN"}


@pytest.mark.parametrize(("settings", "env"), [
    ({}, {}),
    ({"type": "none"}, {"GITHUB_TOKEN": "t"}),
    (GITHUB, {}),
    (GITHUB, {"MY_TOKEN": ""}),
    (GITHUB, {"MY_TOKEN": " \n", "GITHUB_TOKEN": "t"}),
])
def test_none_or_offline(settings, env, tmp_path):
    assert open_store(settings, tmp_path, env) is None


def test_a_folder_is_the_repositorys(tmp_path):
    store = open_store({"type": "folder", "dir": "releases"}, tmp_path, {})
    assert isinstance(store, FolderStore)
    assert (store.root, store.uri) == (tmp_path / "releases", "file:releases")


@pytest.mark.parametrize(("settings", "env", "uri"), [
    (GITHUB, {"MY_TOKEN": "t\n"}, "https://github.com/harbour/ledger"),
    ({"type": "github"}, {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "a/b"}, "https://github.com/a/b"),
    (GITHUB, {"MY_TOKEN": "t", "GITHUB_REPOSITORY": "a/b"}, "https://github.com/harbour/ledger"),
    ({**GITHUB, "host": "https://git.example/api/v3/"}, {"MY_TOKEN": "t"}, "https://git.example/harbour/ledger"),
    (GITHUB, {"MY_TOKEN": "t", "GITHUB_API_URL": "https://git.example/api/v3"}, "https://git.example/harbour/ledger"),
    ({**GITHUB, "host": "http://127.0.0.1:8080"}, {"MY_TOKEN": "t"}, "http://127.0.0.1:8080/harbour/ledger"),
])
def test_github_with_a_token(settings, env, uri, tmp_path):
    store = open_store(settings, tmp_path, env)
    assert isinstance(store, GitHubStore)
    assert store.uri == uri


@pytest.mark.parametrize(("settings", "env", "message"), [
    ({"type": "github"}, {"GITHUB_TOKEN": "hush"}, "GITHUB_TOKEN is set, but no repository is named; write"),
    ({"type": "github"}, {"GITHUB_TOKEN": "hush", "GITHUB_REPOSITORY": "b"}, "no repository is named"),
    (GITHUB, {"MY_TOKEN": "hu\nsh"}, "MY_TOKEN does not contain a token"),
    (GITHUB, {"MY_TOKEN": "hüsh"}, "MY_TOKEN does not contain a token"),
    ({**GITHUB, "host": "http://git.example"}, {"MY_TOKEN": "hush"},
     "'http://git.example' must be an https:// address"),
    ({**GITHUB, "host": "git.example"}, {"MY_TOKEN": "hush"}, "must be an https:// address"),
])
def test_what_is_missing_or_unsafe(settings, env, message, tmp_path):
    with pytest.raises(UsageError, match=message) as raised:
        open_store(settings, tmp_path, env)
    assert "sh" not in str(raised.value).replace("GitHub", "")
