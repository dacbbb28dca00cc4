"""A publisher that dies at any call of the store, and two at once: nothing twice, nothing lost.

The store is a real folder; what stands before it dies, or lets another publisher do everything, at one call.
"""
import base64
import json
import shutil
from dataclasses import replace

import pytest

from platform.app.run import Run
from platform.app.workspace import Options, Workspace
from platform.model.digest import sha256_hex
from platform.publish.select import select
from platform.publish.shelf import Shelf
from tests.support import accept_loss, rows

NAMES = ("assets", "create", "upload", "download")


class Died(BaseException):
    """As SIGKILL would: nothing of ours may catch it."""


class Between:
    """A store that does something of the test's before or after its call number `at`."""

    def __init__(self, store, at=-1, act=None, *, after=False):
        self.store, self.at, self.act, self.after = store, at, act, after
        self.calls, self.uploaded = [], []

    def __getattr__(self, name):
        found = getattr(self.store, name)
        return (lambda *args: self._call(name, found, args)) if name in NAMES else found

    def _call(self, name, found, args):
        number = len(self.calls)
        self.calls.append(name)
        if number == self.at and not self.after:
            self.act()
        result = found(*args)
        if name == "upload":
            self.uploaded.append(args[1])
        if number == self.at and self.after:
            self.act()
        return result


@pytest.fixture
def profile(repo):
    (repo / "config" / "folder.yml").write_text("profile_id: folder\nrelease_store: {type: folder, dir: releases}\n")
    shutil.copytree(repo / "runtime", repo / "runtime2")
    shutil.copytree(repo / ".billing-state", repo / "before")
    return repo


def publisher(repo, runtime_dir="runtime", **between):
    """One run of a publisher, and the store as it saw it."""
    opened = Run(Workspace.open(repo, Options(runtime_profile="config/folder.yml", runtime_dir=runtime_dir)))
    publishing = opened.publishing
    store = Between(publishing.place.shelf.store, **between)
    publishing.__dict__["place"] = replace(publishing.place, shelf=Shelf(store))

    def run():
        try:
            return publishing.publish(select(publishing.purchases(), opened.billing.ledger.book))
        finally:
            opened.close()

    return run, store


def again(repo):
    """As before anything was published."""
    shutil.rmtree(repo / "releases", ignore_errors=True)
    shutil.rmtree(repo / ".billing-state")
    shutil.copytree(repo / "before", repo / ".billing-state")
    accept_loss(repo)


def released(repo):
    return {path.name: path.read_bytes() for path in (repo / "releases").rglob("*") if path.is_file()}


def evidence(repo):
    return sorted((row["artifact_name"], row["sha256"], row["uri"])
                  for row in rows(repo / ".billing-state" / "published_artifacts.csv"))


def died():
    raise Died


@pytest.mark.slow
def test_killed_at_any_call_it_converges(profile):
    run, whole = publisher(profile)
    run()
    wanted, told = released(profile), evidence(profile)
    assert (len(wanted), len(told), whole.calls) == (4, 2, ["assets", "create", *["upload"] * 4])
    for at in range(len(whole.calls)):
        for after in (False, True):
            again(profile)
            run, first = publisher(profile, at=at, act=died, after=after)
            with pytest.raises(Died):
                run()
            assert set(evidence(profile)) <= set(told)
            run, second = publisher(profile)
            _, missing = run()
            assert missing == []
            assert sorted(first.uploaded + second.uploaded) == sorted(wanted)
            assert (released(profile), evidence(profile)) == (wanted, told)
    assert list((profile / "runtime" / "publishing").iterdir()) == []


@pytest.mark.slow
def test_two_at_once_publish_nothing_twice(profile):
    run, whole = publisher(profile)
    run()
    wanted, told = released(profile), evidence(profile)
    for at in range(len(whole.calls)):
        again(profile)
        other, there = publisher(profile, "runtime2")
        run, here = publisher(profile, at=at, act=other)
        published, missing = run()
        assert (len(published), missing) == (2, [])
        assert sorted(here.uploaded + there.uploaded) == sorted(wanted)
        assert (released(profile), evidence(profile)) == (wanted, told)


def half_way(repo):
    """A publisher that was killed when the first package and its statement were up and nothing was recorded."""
    run, _ = publisher(repo, at=3, act=died, after=True)
    with pytest.raises(Died):
        run()
    assert evidence(repo) == []
    return next((repo / "releases").rglob("*said*.intoto.json"))


def test_a_step_that_ran_again_meanwhile_keeps_the_statement_that_is_there(profile):
    statement = half_way(profile)
    before = statement.read_bytes()
    record = profile / "runtime/tenant/tea/one/run.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "finished_at": "2031-01-01T00:00:00Z"}))
    run, _ = publisher(profile)
    published, missing = run()
    assert (len(published), missing, statement.read_bytes()) == (2, [], before)
    assert published[0].statement.sha256 == sha256_hex(before)


@pytest.mark.parametrize("other", [b"{}", b"\xff", b"[" * 100_000])
def test_what_is_no_statement_of_it_is_a_conflict_that_stops_no_other(profile, other):
    statement = half_way(profile)
    statement.write_bytes(other)
    run, _ = publisher(profile)
    published, missing = run()
    assert [str(each.purchase) for each in published] == ["tenant/tea/package/package_artifacts"]
    assert [(each.reason, str(each.purchase)) for each in missing] == [("conflict", "tenant/tea/one/said")]
    assert statement.read_bytes() == other
    assert len(evidence(profile)) == 1


def test_a_statement_about_another_package_does_not_stand_for_this_one(profile):
    statement = half_way(profile)
    envelope = json.loads(statement.read_bytes())
    payload = json.loads(base64.b64decode(envelope["payload"]))
    payload["subject"][0]["digest"]["sha256"] = sha256_hex(b"another")
    other = json.dumps({**envelope, "payload": base64.b64encode(json.dumps(payload).encode()).decode()})
    statement.write_text(other)
    run, _ = publisher(profile)
    _, missing = run()
    assert [each.reason for each in missing] == ["conflict"]
    assert statement.read_text() == other
