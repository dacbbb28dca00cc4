"""GitHub's own description of its API stands between the store and our fake, and refuses what either says wrongly.

What it cannot show: uploads have another host in the description (uploads.github.com), and here the proxy's, which
takes path, query and answer for the same but reads bytes as text, so they are ASCII here. The proxy follows redirects
to an asset's bytes by itself, so downloads are not shown. The description knows no `starter`, only `open`. Refusals
that GitHub gives to all calls alike (401, 403, 429, 5xx) are not in it.
"""
import json

import httpx2
import pytest

from platform.errors import RemoteError, StaleError
from platform.ports.release_store import NameTaken
from tests.releases.fake_github import TOKEN, FakeGitHub
from tests.releases.peers import description, free_port, program, running


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    """A fake behind a proxy that lets through only what the description allows, and the proxy's log."""
    prism, folder, port = program("@stoplight/prism-cli", "prism"), tmp_path_factory.mktemp("prism"), free_port()
    (folder / "releases.json").write_text(json.dumps(description()))
    with FakeGitHub() as fake:
        fake.public = f"http://127.0.0.1:{port}"
        command = [prism, "proxy", "--errors", "--port", str(port), folder / "releases.json", fake.origin]
        with running(command, port, folder / "log"):
            yield fake, folder / "log"


@pytest.fixture
def github(proxy):
    fake, _ = proxy
    fake.releases.clear()
    fake.requests.clear()
    return fake


@pytest.fixture
def violations(proxy):
    """How many the proxy has seen since the test began."""
    _, log = proxy
    before = log.read_text().lower().count("violation")
    return lambda: log.read_text().lower().count("violation") - before


def test_what_the_store_says_and_the_fake_answers_is_in_the_description(github, violations, a_file):
    store = github.store()
    assert (store.tags(""), store.assets("t")) == ((), None)
    with pytest.raises(StaleError):
        store.upload("t", "x", a_file("1"))
    store.create("t", "Title")
    store.create("t", "Title")
    first = store.upload("t", "x.csv", a_file("one,two\n"))
    with pytest.raises(NameTaken) as taken:
        store.upload("t", "x.csv", a_file("other\n"))
    assert taken.value.asset == first
    github.put(github.release("t"), "y.csv", b"", "open", age_s=1000)
    store.upload("t", "y.csv", a_file("after one that was cut off\n"))
    for number in range(101):
        github.put(github.release("t"), f"a{number}", b"1")
        github.make(f"t{number}")
    assert (len(store.assets("t")), len(store.tags("t"))) == (103, 102)
    assert store.assets("t")["x.csv"] == first
    github.before = lambda request: github.make("race") and None if request.method == "POST" else None
    store.create("race", "")
    github.before = lambda request: None
    assert {request.method for request in github.requests} == {"GET", "POST", "DELETE"}
    assert violations() == 0


@pytest.mark.slow
def test_an_answer_that_is_not_in_the_description_is_noticed(github, violations, monkeypatch):
    """So the test above can fail."""
    shown = github.shown
    monkeypatch.setattr(github, "shown", lambda release: {**shown(release), "draft": "no"})
    github.make("t")
    with pytest.raises(RemoteError, match="answers 500"):
        github.store().tags("")
    assert violations() > 0


@pytest.mark.slow
@pytest.mark.parametrize(("path", "options"), [
    ("", {"json": {"name": "without a tag"}}),
    ("", {"json": {"tag_name": "t", "prerelease": "yes"}}),
    ("/1/assets", {"content": b"1", "headers": {"Content-Type": "application/octet-stream"}}),  # without a name
])
def test_a_request_that_is_not_in_the_description_is_noticed(github, path, options):
    with httpx2.Client(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        answer = client.post(f"{github.host}/repos/{github.repository}/releases{path}", **options)
    assert (answer.status_code, answer.json()["type"]) == (422, "https://stoplight.io/prism/errors#UNPROCESSABLE_ENTITY")
    assert github.requests == []
