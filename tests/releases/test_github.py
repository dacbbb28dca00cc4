"""What GitHub and the network can do to the store, and what comes of it."""
import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import threading
import traceback
from types import SimpleNamespace

import pytest

from platform.errors import ForbiddenError, RemoteError, StorageError
from platform.ports.release_store import NameTaken
from platform.releases.github import GitHubStore
from platform.releases.waits import LONGEST_S, TRIES
from tests.releases.fake_github import CUT, CUT_AFTER, STARTER, TOKEN, FakeGitHub, Fault
from tests.support import ROOT

LIMIT = Fault(429, headers={"Retry-After": "7"})
FAULTS = {"500": Fault(500), "500 after": Fault(500, after=True), "cut": CUT, "cut after": CUT_AFTER, "429": LIMIT,
          "half": Fault(half=True), "starter": STARTER}
DEAD_S = 180  # a small file's upload that is older is nobody's


class Died(BaseException):
    """The process was killed: nothing of ours catches it."""


def die(seconds):
    raise Died


def story(store, a_file, target):
    """What publishing does with a store."""
    store.create("t", "T")
    for name, content in (("one", "1"), ("two", "22")):
        try:
            store.upload("t", name, a_file(content, name))
        except NameTaken as taken:  # as a caller does who comes after one that died
            assert taken.asset.sha256 == hashlib.sha256(content.encode()).hexdigest()
    asset = store.assets("t")["two"]
    store.download("t", asset, target)
    assert store.tags("t") == ("t",)


def test_the_story_as_requests(github, a_file, tmp_path):
    story(github.store(), a_file, tmp_path / "down")
    assert [f"{request.method} {request.path.partition('/releases')[2]}" for request in github.requests] == [
        "GET /tags/t", "GET ", "POST ",
        "GET /tags/t", "POST /1001/assets",
        "GET /tags/t", "POST /1001/assets",
        "GET /tags/t", "GET /1001/assets",
        "GET /assets/1003", "GET ",
        "GET ",
    ]
    assert github.slept == []


STEPS = 12


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(1, STEPS + 1))
def test_one_fault_at_any_request_changes_nothing(github, a_file, tmp_path, number, fault):
    github.at(number, FAULTS[fault])
    story(github.store(), a_file, tmp_path / "down")
    whole(github, tmp_path)
    assert len(github.slept) <= 1 or fault == "starter"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(1, STEPS + 1))
def test_who_comes_after_one_that_died_at_any_request_finishes(github, a_file, tmp_path, number, fault):
    github.at(number, FAULTS[fault])
    dying = GitHubStore(github.repository, TOKEN, host=github.host, sleep=die)
    with contextlib.suppress(Died):
        story(dying, a_file, tmp_path / "down")
    story(github.store(), a_file, tmp_path / "down")
    whole(github, tmp_path)


def whole(github, tmp_path):
    assert (github.tags, github.names("t")) == (["t"], ["one", "two"])
    assert (github.bytes_of("t", "one"), github.bytes_of("t", "two")) == (b"1", b"22")
    assert (tmp_path / "down").read_text() == "22"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["down", "one", "two"]


def made(github, tag="t"):
    github.make(tag)
    return github.store()


# uploads that were cut off

def test_a_starter_that_nobody_can_be_sending_any_more_is_replaced_at_once(github, a_file):
    store = made(github)
    github.leave_starter("t", "x", age_s=DEAD_S + 1)
    assert dict(store.assets("t")) == {}
    assert store.upload("t", "x", a_file("1")).bytes == 1
    assert (github.bytes_of("t", "x"), sum(github.slept)) == (b"1", 0)


def test_a_younger_starter_is_waited_for_until_nobody_can_be_sending_it(github, a_file):
    store = made(github)
    github.leave_starter("t", "x", age_s=100)
    store.upload("t", "x", a_file("1"))
    assert github.bytes_of("t", "x") == b"1"
    assert github.slept == [DEAD_S - 100 + 1, 0]


def test_a_starter_that_becomes_whole_is_anothers_and_stays(github, a_file):
    store = made(github)
    starter = github.leave_starter("t", "x", age_s=100)

    def finish(request):
        if github.slept:
            starter.state, starter.content = "uploaded", b"theirs"

    github.before = finish
    with pytest.raises(NameTaken) as taken:
        store.upload("t", "x", a_file("1"))
    assert (taken.value.asset.bytes, github.bytes_of("t", "x")) == (6, b"theirs")
    assert "DELETE" not in {request.method for request in github.requests}


def test_a_starter_that_becomes_whole_just_before_it_would_be_deleted_stays(github, a_file):
    store = made(github)
    starter = github.leave_starter("t", "x", age_s=DEAD_S + 100)

    def finish(request):
        if request.path.endswith(f"/assets/{starter.id}"):
            starter.state, starter.content = "uploaded", b"theirs"

    github.before = finish
    with pytest.raises(NameTaken):
        store.upload("t", "x", a_file("1"))
    assert github.bytes_of("t", "x") == b"theirs"


def test_a_starter_that_would_have_to_be_waited_for_too_long_is_an_error_with_its_time(github, a_file):
    store = made(github)
    github.leave_starter("t", "x", age_s=-LONGEST_S)
    with pytest.raises(RemoteError, match=r"x: an upload that began at ..:..:.. UTC is incomplete; run again"):
        store.upload("t", "x", a_file("1"))
    assert (sum(github.slept), github.asset("t", "x").state) == (0, "starter")


def test_starters_without_end_are_an_error(github, a_file):
    store = made(github)
    for number in range(1, 80):
        github.at(number, STARTER)
    with pytest.raises(RemoteError):
        store.upload("t", "x", a_file("1"))
    assert len(github.slept) < TRIES


def test_a_connection_that_breaks_inside_an_upload_leaves_a_starter_that_the_next_one_replaces(github, a_file):
    store = made(github)
    came = threading.Event()
    github.before = lambda request: came.set() if request.method == "POST" else None
    release = github.release("t").id
    with socket.create_connection(("127.0.0.1", int(github.origin.rpartition(":")[2]))) as connection:
        connection.sendall(f"POST /repos/harbour/ledger/releases/{release}/assets?name=x HTTP/1.1\r\nHost: x\r\n"
                           f"Authorization: token {TOKEN}\r\nContent-Length: 99\r\n\r\nhalf".encode())
    assert came.wait(30)
    with github.lock:
        assert [asset.state for asset in github.release("t").assets.values()] in ([], ["starter"])
    store.upload("t", "x", a_file("1"))
    assert github.bytes_of("t", "x") == b"1"


def test_an_upload_that_takes_too_long_stops_by_itself(github, a_file, monkeypatch):
    """So that what is older is nobody's: the clock jumps after the first piece."""
    clock = iter([0.0, 1.0, 10_000.0])
    monkeypatch.setattr("platform.releases.github.time", SimpleNamespace(monotonic=lambda: next(clock)))
    store = made(github)
    with pytest.raises(RemoteError, match="file: not sent within 60 s; use a faster connection") as raised:
        store.upload("t", "x", a_file(b"0" * 200_000))
    silent(raised.value)
    assert github.names("t") == []


def truncate(file):
    os.truncate(file, 100_000)
    return 0.0


def test_a_file_that_becomes_shorter_while_it_is_sent_is_said(github, a_file, monkeypatch):
    file = a_file(b"0" * 200_000)
    monkeypatch.setattr("platform.releases.github.time", SimpleNamespace(monotonic=lambda: truncate(file)))
    store = made(github)
    with pytest.raises(StorageError, match="file: became shorter during the upload; run again"):
        store.upload("t", "x", file)
    assert github.names("t") == []


# answers that were lost

def test_a_lost_answer_counts_as_ours_only_when_the_bytes_are(github, a_file):
    store = made(github)

    def other_was_first(request):
        if request.method == "POST":
            github.put(github.release("t"), "x", b"theirs")
            return CUT
        return None

    github.before = other_was_first
    with pytest.raises(NameTaken) as taken:
        store.upload("t", "x", a_file("mine"))
    assert taken.value.asset.sha256 == hashlib.sha256(b"theirs").hexdigest()
    assert github.bytes_of("t", "x") == b"theirs"


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(github, a_file):
    store = made(github)
    github.at(2, CUT_AFTER)
    store.upload("t", "x", a_file("1"))
    assert [request.method for request in github.requests] == ["GET", "POST", "GET"]


def test_other_bytes_than_were_sent_are_said(github, a_file):
    store = made(github)
    keep = github.put
    github.put = lambda release, name, content, *rest: keep(release, name, b"other", *rest)
    with pytest.raises(RemoteError, match="t/x: GitHub stored other bytes than were sent; delete that asset"):
        store.upload("t", "x", a_file("1"))


def test_of_two_who_make_a_release_at_once_both_have_it(github):
    store = github.store()
    github.before = lambda request: github.make("t") and None if request.method == "POST" else None
    store.create("t", "T")
    assert github.tags == ["t"]


def test_a_release_is_a_prerelease_and_never_a_draft(github):
    github.store().create("t", "Title")
    release = github.release("t")
    assert (release.prerelease, release.draft, release.name) == (True, False, "Title")


# lists

def test_lists_of_many_pages_are_read_whole(github):
    for number in range(230):
        github.make(f"t-{number:03}")
    github.make("t-draft", draft=True)
    for number in range(200):
        github.put(github.release("t-000"), f"a{number:03}", b"1")
    github.leave_starter("t-000", "cut")
    store = github.store()
    assert store.tags("t-") == tuple(f"t-{number:03}" for number in range(230))
    assert list(store.assets("t-000")) == [f"a{number:03}" for number in range(200)]


def test_what_has_no_digest_is_hashed_once(a_file):
    with FakeGitHub(digests=False) as github:
        release = github.make("t")
        github.put(release, "x", b"1")
        store = github.store()
        assert store.assets("t")["x"].sha256 == hashlib.sha256(b"1").hexdigest()
        before = len(github.requests)
        assert store.assets("t")["x"].sha256 == hashlib.sha256(b"1").hexdigest()
        assert len(github.requests) == before + 2


# limits

def test_a_limit_is_waited_for(github):
    store = github.store()
    github.at(1, LIMIT)
    reset = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(github.now().timestamp()) + 50)}
    github.at(2, Fault(403, headers=reset))
    assert store.tags("") == ()
    assert github.slept == [7, 50 - 7 + 1]


def test_a_limit_that_lasts_too_long_is_an_error_with_its_end(github):
    github.at(1, Fault(403, headers={"Retry-After": "3600"}))
    with pytest.raises(RemoteError, match=r"rate limit is used up until 20..-..-.. ..:..:.. UTC; run again then"):
        github.store().tags("")
    assert github.slept == []


@pytest.mark.parametrize(("fault", "message"), [
    (Fault(503), "GitHub answers 503 .the fake was told to fail.; run again later"),
    (CUT, "does not answer .RemoteProtocolError.; check the network, then run again"),
])
def test_patience_ends(github, fault, message):
    github.before = lambda request: fault
    with pytest.raises(RemoteError, match=message):
        github.store().tags("")
    assert len(github.requests) == TRIES
    assert sum(github.slept) <= LONGEST_S


# refusals

def refuse_all(status, body):
    return lambda request: Fault(status, message=body)


@pytest.mark.parametrize(("options", "act", "error", "message"), [
    ({"access": {}}, lambda store, file: store.tags(""), ForbiddenError,
     "GitHub refuses the token in GITHUB_TOKEN; set it to a valid token"),
    ({"access": {TOKEN: "none"}}, lambda store, file: store.tags(""), ForbiddenError,
     "the repository does not exist, or"),
    ({"access": {TOKEN: "none"}}, lambda store, file: store.assets("t"), ForbiddenError,
     "the repository does not exist, or"),
    ({"access": {TOKEN: "none"}}, lambda store, file: store.create("t", ""), ForbiddenError,
     "the repository does not exist, or"),
    ({"access": {TOKEN: "none"}}, lambda store, file: store.upload("t", "x", file), ForbiddenError, "does not exist"),
    ({"access": {TOKEN: "read"}}, lambda store, file: store.create("new", ""), ForbiddenError,
     "the token in GITHUB_TOKEN may not do this .Resource not accessible by personal access token.; give it `con"),
    ({"access": {TOKEN: "read"}}, lambda store, file: store.upload("t", "x", file), ForbiddenError, "may not do this"),
    ({"empty": True}, lambda store, file: store.create("new", ""), RemoteError, "422 .*Repository is empty"),
    ({}, lambda store, file: store.upload("t", "a b", file), RemoteError, "GitHub would change this name; use"),
    ({}, lambda store, file: store.upload("t", ".hidden", file), RemoteError, "GitHub would change this name; use"),
    ({}, lambda store, file: store.upload("t", "x", file.parent / "none"), StorageError, "none: cannot be read"),
])
def test_refusals_say_what_to_do_and_never_the_token(a_file, options, act, error, message):
    with FakeGitHub(**options) as github:
        github.make("t")
        with pytest.raises(error, match=message) as raised:
            act(github.store(), a_file("1"))
        assert len(str(raised.value).splitlines()) == 1
        assert "; " in str(raised.value)
        silent(raised.value)
        assert github.slept == []


def silent(error):
    """The token is in nothing that a log could show of an error, nor in what the error still holds."""
    assert TOKEN not in "".join(traceback.format_exception(error))
    if not isinstance(error, StorageError):
        assert (error.__cause__, error.__context__) == (None, None)
    assert TOKEN not in repr(error)


def test_an_empty_file_is_refused_before_it_is_sent(github, a_file):
    store = made(github)
    with pytest.raises(RemoteError, match="GitHub does not accept an empty file"):
        store.upload("t", "x", a_file(""))
    assert "POST" not in {request.method for request in github.requests}


def test_a_release_that_takes_no_more_assets_is_said(github, a_file):
    store = made(github)
    github.at(2, Fault(422, message="Cannot upload assets to an immutable release."))
    with pytest.raises(RemoteError, match="Cannot upload assets to an immutable release"):
        store.upload("t", "x", a_file("1"))


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"[{}]", b"{}", b'"x"', b"[1]", b"null", b"[]"])
def test_what_is_not_github_is_said(github, monkeypatch, body):
    from tests.releases import fake_github

    monkeypatch.setattr(github, "answer", lambda request: fake_github.Reply(200, body))
    with pytest.raises(RemoteError, match="does not answer as GitHub's API does; check the profile's `host`"):
        github.store().assets("t")


def test_nobody_at_the_address_is_said():
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    store = GitHubStore("harbour/ledger", TOKEN, host=f"http://127.0.0.1:{port}", sleep=lambda seconds: None)
    with pytest.raises(RemoteError, match=r"127.0.0.1:\d+ does not answer .ConnectError."):
        store.tags("")


def test_only_the_profiles_token_is_shown(github, monkeypatch):
    monkeypatch.setenv("GITHUB_JWT_TOKEN", "another")
    monkeypatch.setenv("GH_HOST", "http://127.0.0.1:1")
    github.store().tags("")
    assert [request.headers["authorization"] for request in github.requests] == [f"Bearer {TOKEN}"]


# downloads

def test_another_origin_does_not_see_the_token(github, tmp_path):
    store = made(github)
    github.put(github.release("t"), "x", b"1")
    store.download("t", store.assets("t")["x"], tmp_path / "down")
    assert ["authorization" in request.headers for request in github.requests] == [True, True, True, False]


def test_an_asset_that_is_gone_is_said(github, tmp_path):
    store = made(github)
    github.put(github.release("t"), "x", b"1")
    asset = store.assets("t")["x"]
    github.release("t").assets.clear()
    for one in (store, github.store()):
        with pytest.raises(RemoteError, match="t/x: the asset no longer exists; restore the release"):
            one.download("t", asset, tmp_path / "down")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_a_storage_error(github, tmp_path):
    store = made(github)
    github.put(github.release("t"), "x", b"1")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        store.download("t", store.assets("t")["x"], tmp_path / "file" / "down")


UPLOAD = """
import _platform_boot, resource, sys
from pathlib import Path
from platform.releases.github import GitHubStore
host, small, big, down = sys.argv[1:]
store = GitHubStore("harbour/ledger", "{token}", host=host)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store.download("t", store.upload("t", "small", Path(small)), Path(down))
before = peak()
store.download("t", store.upload("t", "big", Path(big)), Path(down))
print(peak() - before)
"""


@pytest.mark.slow
def test_files_go_through_in_pieces(github, a_file, tmp_path):
    """A process that uploads and downloads 64 MB does not grow by them."""
    made(github)
    big = a_file(bytes(64 << 20), "big")
    done = subprocess.run([sys.executable, "-c", UPLOAD.format(token=TOKEN), github.host, a_file("1"), big,
                           tmp_path / "down"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 16 << 10  # KiB
    assert (tmp_path / "down").stat().st_size == 64 << 20
