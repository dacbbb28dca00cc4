"""Traffic that was recorded at GitHub (@octokit/fixtures), played back to the store.

The player wants each recorded request once, in its order and to the letter; a go-between makes the store's requests the
recorded ones: it takes their paging away, gives uploads the recorded label and type, and repeats a GET that was
recorded once. The recordings are older than GitHub's digests, so the store downloads what was uploaded; no download was
recorded, and the go-between answers it with the bytes that were. All other answers are GitHub's.
"""
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest

from platform.ports.release_store import NameTaken
from platform.releases.github import GitHubStore
from tests.releases.peers import free_port, program, running

BYTES = b"Hello, world!\n"
RECORDED = {"accept": "application/vnd.github.v3+json",
            "authorization": "token 0000000000000000000000000000000000000001"}


class GoBetween(BaseHTTPRequestHandler):
    player = ""
    said: list[tuple[str, str, int]]
    kept: dict[str, httpx2.Response]
    disable_nagle_algorithm = True

    def do_GET(self):
        path = re.sub(r"\?per_page=\d+(&page=\d+)?$", "", self.path)
        if "octet-stream" in self.headers["accept"]:
            return self.answer(200, BYTES)
        if path not in self.kept:
            self.kept[path] = httpx2.get(self.player + path, headers=RECORDED)
            self.note("GET", path, self.kept[path].status_code)
        return self.answer(self.kept[path].status_code, self.kept[path].content)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = httpx2.post(f"{self.player}{self.path}&label=test", content=body,
                             headers={**RECORDED, "content-type": "text/plain"})
        self.note("POST", self.path, answer.status_code)
        self.answer(answer.status_code, answer.content)

    def note(self, method, path, status):
        self.said.append((method, re.sub(r"^.*?/releases", "/releases", path), status))

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    """The player of recordings, whose answers name the go-between as GitHub."""
    server, port = program("@octokit/fixtures-server", "octokit-fixtures-server"), free_port()
    between = ThreadingHTTPServer(("127.0.0.1", 0), GoBetween)
    here = f"http://127.0.0.1:{between.server_port}"
    log = tmp_path_factory.mktemp("player") / "log"
    GoBetween.player = f"http://127.0.0.1:{port}"
    with running([server, "--port", str(port), "--fixtures-url", here], port, log), between:
        threading.Thread(target=between.serve_forever, args=(0.01,), daemon=True).start()
        yield here
        between.shutdown()


@pytest.fixture
def recorded(player):
    """A store that talks to a recording, and what was said."""
    def play(scenario):
        GoBetween.said, GoBetween.kept = [], {}
        host = httpx2.post(f"{GoBetween.player}/fixtures", json={"scenario": scenario}).json()["url"]
        return GitHubStore(f"octokit-fixture-org/{scenario}", "of-the-store", host=host, sleep=pytest.fail)

    return play


@pytest.mark.slow
def test_an_upload_that_was_recorded(recorded, a_file):
    store = recorded("release-assets")
    asset = store.upload("v1.0.0", "test-upload.txt", a_file(BYTES))
    assert (asset.name, asset.bytes, asset.sha256) == ("test-upload.txt", 14, hashlib.sha256(BYTES).hexdigest())
    assert store.assets("v1.0.0") == {"test-upload.txt": asset}
    assert GoBetween.said == [("GET", "/releases/tags/v1.0.0", 200),
                              ("POST", "/releases/1000/assets?name=test-upload.txt", 201),
                              ("GET", "/releases/1000/assets", 200)]


@pytest.mark.slow
def test_a_taken_name_that_was_recorded(recorded, a_file):
    store = recorded("release-assets-conflict")
    with pytest.raises(NameTaken) as taken:
        store.upload("v1.0.0", "test-upload.txt", a_file(BYTES))
    asset = taken.value.asset
    assert (asset.name, asset.bytes, asset.sha256) == ("test-upload.txt", 14, hashlib.sha256(BYTES).hexdigest())
    assert GoBetween.said == [("GET", "/releases/tags/v1.0.0", 200),
                              ("POST", "/releases/1000/assets?name=test-upload.txt", 422),
                              ("GET", "/releases/1000/assets", 200)]
