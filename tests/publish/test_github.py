"""Publishing to a GitHub that keeps every byte: whole commands, and a process that is killed at each of its requests.

A publisher is a process of its own, forked so that it need not import everything again; the server kills it with
SIGKILL when a request has arrived, and lets that have its effect or not.
"""
import os
import shutil
import signal
import threading

import pytest
import yaml

from platform.app.run import Run
from platform.app.workspace import Options, Workspace
from platform.publish.select import select
from tests.releases.fake_github import CUT, CUT_AFTER, FakeGitHub, Fault
from tests.support import LONGEST_WAIT_S, accept_loss, command, ended, rows

PUBLISH = "python scripts/publish_artifacts_release.py --runtime-profile config/hub.yml"
TAG = "dev-artifacts-tenant"


@pytest.fixture
def github():
    with FakeGitHub() as fake:
        yield fake


@pytest.fixture
def hub(repo, github, monkeypatch):
    """A repository whose profile config/hub.yml publishes there."""
    profile = {"profile_id": "hub", "release_store": {**github.profile(), "tag_prefix": "dev-"},
               "delivery": {"folder": {"root_dir": "deliveries"}}}
    (repo / "config" / "hub.yml").write_text(yaml.safe_dump(profile))
    shutil.copytree(repo / ".billing-state", repo / "before")
    for name, value in github.env().items():
        monkeypatch.setenv(name, value)
    return repo


def again(repo, github):
    """As before anything was published."""
    github.releases.clear()
    shutil.rmtree(repo / ".billing-state")
    shutil.copytree(repo / "before", repo / ".billing-state")
    accept_loss(repo)


def published(repo):
    return [(row["artifact_name"], row["sha256"], row["uri"]) for row in rows(
        repo / ".billing-state" / "published_artifacts.csv")]


def kept(github):
    return {name: github.bytes_of(TAG, name) for name in github.names(TAG)}


def uploads(github, since):
    """The names that were sent whole from the request with that index on, whatever became of them."""
    return [request.query["name"] for request in github.requests[since:]
            if request.method == "POST" and "name" in request.query and request.whole]


class Publisher:
    """One run, in a process that the server may kill at its request number `at`, counted from 1."""

    def __init__(self, repo, github, at=0, effect=None):
        self._at, self._effect = len(github.requests) + at if at else 0, effect
        self._forked = threading.Event()
        github.before = self._request
        self.pid = os.fork()
        if self.pid == 0:
            status = 99  # of whatever is raised
            try:
                status = _publish(repo)
            finally:
                os._exit(status)
        self._forked.set()

    def _request(self, request):
        if request.number != self._at:
            return None
        self._forked.wait(timeout=LONGEST_WAIT_S)
        os.kill(self.pid, signal.SIGKILL)
        return self._effect

    def ended(self):
        return ended(self.pid)


def _publish(repo):
    run = Run(Workspace.open(repo, Options(runtime_profile="config/hub.yml")))
    try:
        _, missing = run.publishing.publish(select(run.publishing.purchases(), run.billing.ledger.book))
    finally:
        run.close()
    return len(missing)


@pytest.mark.slow
def test_the_whole_way_with_real_commands(hub, github):
    assert command(hub, "doit run publish runtime_profile=config/hub.yml").returncode == 0
    assert github.tags == [TAG]
    names = github.names(TAG)
    assert [name.partition(".zip")[2] for name in names] == ["", ".intoto.json"] * 2
    assert [uri for *_, uri in published(hub)] == [
        f"{github.origin}/harbour/ledger/releases/download/{TAG}/{name}" for name in names if name.endswith(".zip")]
    for name, content in kept(github).items():
        (hub / name).write_bytes(content)
    for name in names[::2]:
        assert command(hub, f"python -m platform.cli verify-artifact {name}").returncode == 0
    before = len(github.requests)
    assert "nothing to publish" in command(hub, PUBLISH).stdout
    assert [request.method for request in github.requests[before:] if request.method != "GET"] == []


@pytest.mark.slow
def test_killed_at_each_of_its_requests_it_converges(hub, github):
    assert _publish(hub) == 0
    wanted, told, count = kept(github), published(hub), len(github.requests)
    assert (len(wanted), len(told)) == (4, 2) and count >= 8
    for at in range(1, count + 1):
        for effect in (CUT, CUT_AFTER):
            again(hub, github)
            start = len(github.requests)
            assert Publisher(hub, github, at, effect).ended() == -signal.SIGKILL
            assert set(published(hub)) <= set(told)
            assert Publisher(hub, github).ended() == 0
            assert (kept(github), published(hub)) == (wanted, told)
            cut = github.requests[start + at - 1]
            lost = [cut.query["name"]] if effect is CUT and "name" in cut.query else []  # sent, and without effect
            assert sorted(uploads(github, start)) == sorted([*wanted, *lost])


@pytest.mark.parametrize(("answer", "status"), [(400, 16), (403, 17)])
def test_a_service_that_says_no_is_one_line_and_the_next_run_goes_on(hub, github, answer, status):
    github.before = lambda request: Fault(answer) if "name" in request.query else None
    done = command(hub, PUBLISH)
    assert (done.returncode, done.stderr.count("\n"), published(hub)) == (status, 1, [])
    github.before = lambda request: None
    assert command(hub, PUBLISH).returncode == 0
    assert len(published(hub)) == 2


def test_without_the_token_it_is_offline_and_says_what_to_do(hub, github):
    done = command(hub, PUBLISH, GITHUB_TOKEN="")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (17, "", 1)
    assert "set GITHUB_TOKEN" in done.stderr
    assert github.requests == []
