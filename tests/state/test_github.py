"""The billing state in releases of GitHub, or rather of a fake that keeps every byte (tests/releases holds that one
against GitHub's description, recorded traffic and its client): every fault at every request, a kill at every request, a
race, and what somebody changed. Whatever happens, both clones come to one journal with each post in it once.
"""
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from platform.errors import CorruptError, PlatformError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.ports.release_store import Asset
from platform.state.hydrate import hydrate
from platform.state.local import LocalState
from platform.state.manifest import name_of
from platform.state.publish import initialise, publish_state
from platform.state.remote import Release
from platform.state.verify import verify_state
from tests.ledger.conftest import noon
from tests.releases.fake_github import CUT, CUT_AFTER, STARTER, FakeGitHub, Fault, Request
from tests.support import LONGEST_WAIT_S, TEA, command, ended, repository

TAG = "dev-billing-state-0001"
FAULTS = {"500": Fault(500), "500 after": Fault(500, after=True), "cut": CUT, "cut after": CUT_AFTER,
          "429": Fault(429, headers={"Retry-After": "7"}), "half": Fault(half=True), "starter": STARTER}


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        yield fake


class Clones:
    """Two machines that share a state; the first has made the release, and both have posted since."""

    def __init__(self, folder: Path, github: FakeGitHub) -> None:
        self.github = github
        self.one, self.two = LocalState(folder / "one", noon), LocalState(folder / "two", noon)
        post(self.one, "first")
        initialise(self.one, self.release())
        hydrate(self.two, self.release())
        post(self.one, "ours", "again")
        post(self.two, "theirs")

    def release(self) -> Release:
        """As a new process sees it."""
        return Release(self.github.store(), "dev-", pause=self.github.sleep)

    def converge(self) -> None:
        """Everybody runs once more, twice; then both have every post, once, and the release has the same."""
        for local in (self.one, self.two, self.one):
            publish_state(local, self.release())
        journals = {(local.folder / "journal.csv").read_bytes() for local in (self.one, self.two)}
        assert len(journals) == 1
        assert sorted(references(self.one)) == ["again", "first", "ours", "theirs"]
        assert not verify_state(self.one, self.release()).findings


def post(local: LocalState, *references: str) -> None:
    with closing(Ledger.create(local.folder, noon)) as ledger:
        ledger.post(lambda book: [topup("tenant", 5, "wire", reference) for reference in references])
        ledger.checkpoint()


def references(local: LocalState) -> list[str]:
    with closing(local.open()) as ledger:
        return [record.post.metadata["reference"] for record in ledger.records()]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_each_request_of_a_publish_loses_and_doubles_nothing(
        tmp_path: Path, github: FakeGitHub, fault: str) -> None:
    number = 0
    while True:
        number += 1
        github.releases.clear()
        clones = Clones(tmp_path / str(number), github)
        begun = len(github.requests)
        github.at(number, FAULTS[fault])
        try:
            publish_state(clones.one, clones.release())
        except PlatformError as error:
            assert "\n" not in str(error)
        made = len(github.requests) - begun
        clones.converge()
        shutil.rmtree(tmp_path / str(number))
        if made < number:
            break
    assert number > 8  # so many requests a publish needs at least


@pytest.mark.slow
@pytest.mark.parametrize("effect", [CUT, CUT_AFTER], ids=["before", "after"])
def test_a_publisher_that_is_killed_at_each_request_loses_and_doubles_nothing(
        tmp_path: Path, github: FakeGitHub, effect: Fault) -> None:
    number, killed = 0, True
    while killed:
        number += 1
        github.releases.clear()
        clones = Clones(tmp_path / str(number), github)
        killed = is_killed(clones, number, effect)
        clones.converge()
        shutil.rmtree(tmp_path / str(number))
    assert number > 8


def is_killed(clones: Clones, number: int, effect: Fault) -> bool:
    """A process that publishes, and gets SIGKILL when its request of that number has arrived."""
    github, forked, at = clones.github, threading.Event(), len(clones.github.requests) + number
    pids: list[int] = []

    def kill(request: Request) -> Fault | None:
        if request.number != at:
            return None
        forked.wait(timeout=LONGEST_WAIT_S)
        os.kill(pids[0], signal.SIGKILL)
        return effect

    github.before = kill
    pids.append(os.fork())
    if not pids[0]:
        status = 99
        try:
            publish_state(clones.one, clones.release())
            status = 0
        finally:
            os._exit(status)
    forked.set()
    status = ended(pids[0])
    github.before = lambda request: None
    assert status in (0, -signal.SIGKILL)
    return status != 0


def test_who_loses_the_race_for_a_name_posts_again_after_the_other(
        tmp_path: Path, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    clones = Clones(tmp_path, github)
    release = clones.release()
    upload, overtaken = release.store.upload, list[str]()

    def overtake(tag: str, name: str, file: Path) -> Asset:
        if name == name_of(2) and not overtaken:
            overtaken.append(name)
            publish_state(clones.two, clones.release())
        return upload(tag, name, file)

    monkeypatch.setattr(release.store, "upload", overtake)
    done = publish_state(clones.one, release)
    assert (done.generation, done.hydrated and done.hydrated.posted_again) == (3, 2)
    assert references(clones.one) == ["first", "theirs", "ours", "again"]
    clones.converge()


@pytest.mark.slow
def test_bytes_that_are_not_what_github_or_the_manifest_says_are_refused(tmp_path: Path, github: FakeGitHub) -> None:
    clones = Clones(tmp_path, github)
    publish_state(clones.one, clones.release())
    before = (clones.two.folder / "journal.csv").read_bytes()
    segment = next(name for name in github.names(TAG) if name.startswith("journal-2"))
    kept = github.asset(TAG, segment)
    right, kept.content = kept.content, kept.content.replace(b"ours", b"yours")
    with pytest.raises(CorruptError, match=segment):
        publish_state(clones.two, clones.release())
    assert (clones.two.folder / "journal.csv").read_bytes() == before
    assert verify_state(clones.one, clones.release()).findings
    kept.content = right
    clones.converge()


def test_what_an_upload_left_that_was_cut_off_is_no_generation(tmp_path: Path, github: FakeGitHub) -> None:
    clones = Clones(tmp_path, github)
    github.leave_starter(TAG, name_of(2), age_s=3600)
    assert hydrate(clones.two, clones.release()).generation == 1
    assert publish_state(clones.one, clones.release()).generation == 2
    clones.converge()


@pytest.mark.slow
def test_the_whole_way_with_real_commands(tmp_path: Path, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in github.env().items():
        monkeypatch.setenv(name, value)
    one, two = clone(tmp_path / "one", github), clone(tmp_path / "two", github)
    assert command(one, "python -m platform.cli state init").returncode == 0
    assert "generation 3 published in dev-billing-state-0001, 3 posts more" in command(one, "doit run").stderr
    second = command(two, "doit run")
    assert (second.returncode, "billing state: generation 3, 6 posts of others" in second.stdout) == (0, True)
    assert len({(repo / ".billing-state" / "journal.csv").read_bytes() for repo in (one, two)}) == 1
    assert command(two, "python -m platform.cli state verify").returncode == 0
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_of-somebody-else")
    done = command(two, "python -m platform.cli state hydrate")
    assert (done.returncode, done.stderr.count("\n"), "Traceback" in done.stderr) == (17, 1, False)


def clone(folder: Path, github: FakeGitHub) -> Path:
    repository(folder)
    profile = {"profile_id": "hub", "billing_state": {"dir": ".billing-state", "release": "required"},
               "release_store": {**github.profile(), "tag_prefix": "dev-"}, "sandbox": "process",
               "delivery": {"email": {"transport": "outbox", "outbox_dir": "outbox"},
                            "folder": {"root_dir": "deliveries"}}}
    (folder / "config" / "runtime_profile.yml").write_text(yaml.safe_dump(profile))
    file = folder / "tenants" / "tenant" / "workorders" / "tea.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(TEA)
    return folder
