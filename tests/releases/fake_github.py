"""A GitHub of our own for tests: releases and their assets over HTTP, and every byte is kept.

    with FakeGitHub() as github:
        store = github.store()                    # a GitHubStore on it that never sleeps; or, for whole commands:
        github.profile()                          # a profile's `release_store`, and github.env() the environment for it
        github.at(3, Fault(500))                  # the third request from now is answered with 500, without effect
        github.at(3, Fault(500, after=True))      # ... or has its effect first
        github.at(3, CUT)                         # the connection breaks before the request has its effect,
        github.at(3, CUT_AFTER)                   # or after it, and the answer is lost
        github.at(3, STARTER)                     # an upload breaks in the middle: 502, and a `starter` keeps the name
        github.before = lambda request: ...       # called with each request, in the server's thread; may return a Fault
        github.requests                           # all of them: number, method, path, query, headers
        github.tags, github.bytes_of(tag, name), github.names(tag), github.leave_starter(tag, name)
        github.slept                              # what stores of `store()` waited, in s; its clock went on by it

It does what GitHub does, as far as GitHub's description of its API, its recorded answers and reports of its users say:
a name is taken by a `starter` too (422 already_exists), an upload whose connection breaks leaves one, odd characters in
a name become dots, an empty file is refused, lists come in pages, drafts have no tag, bytes are on another origin that
refuses a request that shows a token. test_prism.py holds it against the official description, test_recorded.py
against recorded traffic, test_gh.py shows it to the `gh` client. What it does not know: git, more than one repository,
GraphQL (a question is answered with null).
"""
import hashlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from platform.releases.github import GitHubStore
from tests.releases.fake_settings import NONE

TOKEN = "ghp_of-the-tests-only"


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request. Status 0 breaks the connection; `after`: once the request has had its effect;
    `starter`: an upload leaves a `starter`; `half`: of the bytes of an answer only the first half is sent."""

    status: int = 0
    after: bool = False
    starter: bool = False
    half: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "the fake was told to fail"


CUT, CUT_AFTER, STARTER = Fault(), Fault(after=True), Fault(502, starter=True)


@dataclass(frozen=True)
class Request:
    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    whole: bool = True  # whether all of the body arrived


@dataclass
class FakeAsset:
    id: int
    name: str
    content: bytes
    state: str
    begun: datetime


@dataclass
class FakeRelease:
    id: int
    tag: str
    name: str
    draft: bool
    prerelease: bool
    begun: datetime
    assets: dict[int, FakeAsset] = field(default_factory=dict)


class FakeGitHub:
    """`access` says what a token may do: write, read, or none (the repository is then not there for it). `digests`
    False is a server that says no digest; `empty` a repository without a commit; `prefix` is what API paths begin with;
    `tls` serves https. `public` is the address it gives as its own, when that is a proxy's."""

    def __init__(self, *, repository: str = "harbour/ledger", access: Mapping[str, str] | None = None,
                 digests: bool = True, empty: bool = False, prefix: str = "",
                 tls: ssl.SSLContext | None = None) -> None:
        self.repository, self.access = repository, dict({TOKEN: "write"} if access is None else access)
        self.digests, self.empty, self.prefix = digests, empty, prefix
        self.releases: list[FakeRelease] = []
        self.requests: list[Request] = []
        self.slept: list[float] = []
        self.settings: dict[str, Any] = {}  # what fake_settings.py says of the repository, by path below it
        self.before: Callable[[Request], Fault | None] = lambda request: None
        self.lock = threading.RLock()
        self._faults: dict[int, Fault] = {}
        self._last_id = 1000
        self._clock = datetime.now(UTC).replace(microsecond=0)
        scheme = "https" if tls else "http"
        self._servers = [_server(self, _Api, tls), _server(self, _Storage, tls)]
        self.origin = f"{scheme}://127.0.0.1:{self._servers[0].server_port}"
        self.storage = f"{scheme}://localhost:{self._servers[1].server_port}"  # another name: clients look at no port
        self.public = self.origin

    def __enter__(self) -> "FakeGitHub":
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    # what a test uses

    @property
    def host(self) -> str:
        return self.public + self.prefix

    def store(self, token: str = TOKEN, repository: str = "") -> GitHubStore:
        return GitHubStore(repository or self.repository, token, host=self.host, sleep=self.sleep)

    def profile(self) -> dict[str, str]:
        return {"type": "github", "repository": self.repository, "host": self.host, "token_env": "GITHUB_TOKEN"}

    def env(self) -> dict[str, str]:
        return {"GITHUB_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1,localhost"}

    def at(self, number: int, fault: Fault) -> None:
        """Let the `number`th request from now fail, counted from 1."""
        with self.lock:
            self._faults[len(self.requests) + number] = fault

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._clock += timedelta(seconds=seconds)

    def now(self) -> datetime:
        """Its clock: that of the test's beginning, and what was slept since."""
        return self._clock

    @property
    def tags(self) -> list[str]:
        return [release.tag for release in self.releases if not release.draft]

    def release(self, tag: str) -> FakeRelease:
        return next(release for release in self.releases if release.tag == tag and not release.draft)

    def asset(self, tag: str, name: str) -> FakeAsset:
        return next(asset for asset in self.release(tag).assets.values() if asset.name == name)

    def names(self, tag: str) -> list[str]:
        return sorted(asset.name for asset in self.release(tag).assets.values() if asset.state == "uploaded")

    def bytes_of(self, tag: str, name: str) -> bytes:
        return self.asset(tag, name).content

    def make(self, tag: str, name: str = "", *, draft: bool = False, prerelease: bool = True) -> FakeRelease:
        with self.lock:
            made = FakeRelease(self._next(), tag, name, draft, prerelease, self.now())
            self.releases.append(made)
            return made

    def put(self, release: FakeRelease, name: str, content: bytes, state: str = "uploaded",
            age_s: int = 0) -> FakeAsset:
        with self.lock:
            made = FakeAsset(self._next(), name, content, state, self.now() - timedelta(seconds=age_s))
            release.assets[made.id] = made
            return made

    def leave_starter(self, tag: str, name: str, age_s: int = 0) -> FakeAsset:
        """What an upload leaves that was cut off `age_s` seconds ago."""
        return self.put(self.release(tag), name, b"", "starter", age_s)

    # what GitHub does

    def _next(self) -> int:
        self._last_id += 1
        return self._last_id

    def fault(self, request: Request) -> Fault | None:
        with self.lock:
            self.requests.append(request)
            planned = self._faults.pop(request.number, None)
        return self.before(request) or planned

    def number(self) -> int:
        return len(self.requests) + 1

    def answer(self, request: Request) -> "Reply":
        token = request.headers.get("authorization", "").rpartition(" ")[2]
        access = self.access.get(token)
        if access is None:
            return _refusal(401, "Bad credentials")
        path = request.path.removeprefix(self.prefix)
        if path.endswith("/graphql"):
            return Reply(200, {"data": {"repository": {"release": None}}})
        below = path.removeprefix(f"/repos/{self.repository}")
        if access != "none" and below != path and below in self.settings and request.method == "GET":
            return self._setting(request, below)
        mine = f"/repos/{self.repository}/releases"
        if access == "none" or not (path == mine or path.startswith(f"{mine}/")):
            return _refusal(404, "Not Found")
        if request.method != "GET" and access != "write":
            return _refusal(403, "Resource not accessible by personal access token")
        for method, pattern, act in ROUTES:
            found = re.fullmatch(pattern, path.removeprefix(mine))
            if found and request.method == method:
                with self.lock:
                    return act(self, request, *found.groups())
        return _refusal(404, "Not Found")

    def _setting(self, request: Request, below: str) -> "Reply":
        value = self.settings[below]
        if value is None:
            return _refusal(404, NONE.get(below, "Not Found"))
        return self._page(request, value) if isinstance(value, list) else Reply(200, value)

    def _list(self, request: Request) -> "Reply":
        return self._page(request, [self.shown(release) for release in reversed(self.releases)])

    def _create(self, request: Request) -> "Reply":
        wanted = json.loads(request.body)
        if self.empty:
            return _invalid("Release", "custom", "Repository is empty.")
        if wanted["tag_name"] in self.tags:
            return _invalid("Release", "already_exists", field="tag_name")
        made = self.make(wanted["tag_name"], wanted.get("name", ""), draft=wanted.get("draft", False),
                         prerelease=wanted.get("prerelease", False))
        return Reply(201, self.shown(made))

    def _by_tag(self, request: Request, tag: str) -> "Reply":
        return Reply(200, self.shown(self.release(tag))) if tag in self.tags else _refusal(404, "Not Found")

    def _assets(self, request: Request, release_id: str) -> "Reply":
        release = self._by_id(release_id)
        if release is None:
            return _refusal(404, "Not Found")
        return self._page(request, [self._asset_shown(release, asset) for asset in release.assets.values()])

    def _upload(self, request: Request, release_id: str) -> "Reply":
        release, name = self._by_id(release_id), request.query.get("name", "")
        if release is None:
            return _refusal(404, "Not Found")
        if "content-length" not in request.headers or (request.whole and not request.body):
            return Reply(400, {"message": "Bad Content-Length: "})
        kept = re.sub(r"[^0-9A-Za-z._+-]+", ".", name).strip(".")
        if any(asset.name == kept for asset in release.assets.values()):
            return _invalid("ReleaseAsset", "already_exists", field="name")
        made = self.put(release, kept, request.body, "uploaded" if request.whole else "starter")
        return Reply(201 if request.whole else 502, self._asset_shown(release, made))

    def _asset(self, request: Request, asset_id: str) -> "Reply":
        found = self._find(asset_id)
        if found is None:
            return _refusal(404, "Not Found")
        if "octet-stream" not in request.headers.get("accept", ""):
            return Reply(200, self._asset_shown(*found))
        return Reply(302, None, {"Location": f"{self.storage}/{found[1].id}?signature=of-the-storage"})

    def _delete(self, request: Request, asset_id: str) -> "Reply":
        found = self._find(asset_id)
        if found is None:
            return _refusal(404, "Not Found")
        del found[0].assets[found[1].id]
        return Reply(204, None)

    def stored(self, request: Request) -> "Reply":
        """The other origin, where the bytes are: like S3 and Azure it takes one way to show who one is, not two."""
        if "authorization" in request.headers:
            return Reply(400, b"<Error><Message>Only one auth mechanism allowed</Message></Error>")
        found = self._find(request.path.strip("/"))
        return Reply(404, b"") if found is None else Reply(200, found[1].content)

    def _by_id(self, release_id: str) -> FakeRelease | None:
        return next((release for release in self.releases if release.id == int(release_id)), None)

    def _find(self, asset_id: str) -> tuple[FakeRelease, FakeAsset] | None:
        return next(((release, release.assets[int(asset_id)]) for release in self.releases
                     if int(asset_id) in release.assets), None)

    def _page(self, request: Request, items: list[Any]) -> "Reply":
        size, page = min(int(request.query.get("per_page", "30")), 100), int(request.query.get("page", "1"))
        last = max(-(-len(items) // size), 1)
        more = f'<{self.host}{request.path}?per_page={size}&page={page + 1}>; rel="next"' if page < last else ""
        return Reply(200, items[(page - 1) * size:page * size], {"Link": more} if more else {})

    def shown(self, release: FakeRelease) -> dict[str, Any]:
        here, site = f"{self.host}/repos/{self.repository}", f"{self.public}/{self.repository}"
        begun = _time(release.begun)
        return {"url": f"{here}/releases/{release.id}", "assets_url": f"{here}/releases/{release.id}/assets",
                "upload_url": f"{here}/releases/{release.id}/assets{{?name,label}}",
                "html_url": f"{site}/releases/tag/{release.tag}", "id": release.id, "node_id": f"RE_{release.id}",
                "author": self._user(), "tag_name": release.tag, "target_commitish": "main", "name": release.name,
                "draft": release.draft, "prerelease": release.prerelease, "immutable": False, "body": "",
                "created_at": begun, "published_at": None if release.draft else begun, "updated_at": begun,
                "tarball_url": f"{here}/tarball/{release.tag}", "zipball_url": f"{here}/zipball/{release.tag}",
                "assets": [self._asset_shown(release, asset) for asset in release.assets.values()]}

    def _asset_shown(self, release: FakeRelease, asset: FakeAsset) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(asset.content).hexdigest()}"
        site, begun = f"{self.public}/{self.repository}", _time(asset.begun)
        return {"url": f"{self.host}/repos/{self.repository}/releases/assets/{asset.id}", "id": asset.id,
                "node_id": f"RA_{asset.id}", "name": asset.name, "label": "", "uploader": self._user(),
                "content_type": "application/octet-stream", "state": asset.state, "size": len(asset.content),
                "digest": digest if self.digests and asset.state == "uploaded" else None, "download_count": 0,
                "created_at": begun, "updated_at": begun,
                "browser_download_url": f"{site}/releases/download/{release.tag}/{asset.name}"}

    def _user(self) -> dict[str, Any]:
        here = f"{self.host}/users/robot"
        links = {"followers_url": "/followers", "following_url": "/following{/other_user}",
                 "gists_url": "/gists{/gist_id}", "starred_url": "/starred{/owner}{/repo}",
                 "subscriptions_url": "/subscriptions", "organizations_url": "/orgs", "repos_url": "/repos",
                 "events_url": "/events{/privacy}", "received_events_url": "/received_events", "url": ""}
        return {"login": "robot", "id": 1, "node_id": "U_1", "avatar_url": f"{self.public}/robot.png",
                "gravatar_id": "", "html_url": f"{self.public}/robot", "type": "User", "site_admin": False,
                **{name: here + rest for name, rest in links.items()}}


ROUTES: tuple[tuple[str, str, Callable[..., "Reply"]], ...] = (
    ("GET", r"", FakeGitHub._list),
    ("POST", r"", FakeGitHub._create),
    ("GET", r"/tags/(.+)", FakeGitHub._by_tag),
    ("GET", r"/(\d+)/assets", FakeGitHub._assets),
    ("POST", r"/(\d+)/assets", FakeGitHub._upload),
    ("GET", r"/assets/(\d+)", FakeGitHub._asset),
    ("DELETE", r"/assets/(\d+)", FakeGitHub._delete),
)


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def _refusal(status: int, message: str) -> Reply:
    return Reply(status, {"message": message, "documentation_url": "https://docs.github.com/rest",
                          "status": str(status)})


def _invalid(resource: str, code: str, message: str = "", field: str = "") -> Reply:
    error = {"resource": resource, "code": code, **({"field": field} if field else {}),
             **({"message": message} if message else {})}
    return Reply(422, {"message": "Validation Failed", "errors": [error], "status": "422",
                       "documentation_url": "https://docs.github.com/rest"})


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits 40 ms for an acknowledgement
    github: FakeGitHub

    def act(self, request: Request) -> Reply:
        raise NotImplementedError

    def _serve(self) -> None:
        # As the real ones, it reads a body before it answers; what of it arrived when the connection broke is kept.
        length, url = int(self.headers.get("content-length", 0)), urlsplit(self.path)
        body = b"".join(self._pieces(length))
        with self.github.lock:
            request = Request(self.github.number(), self.command, url.path,
                              {name: values[0] for name, values in parse_qs(url.query).items()},
                              {name.lower(): value for name, value in self.headers.items()}, body, len(body) == length)
            fault = self.github.fault(request)
        if fault is None:
            return self._send(self.act(request))
        if fault.starter:
            self.act(Request(**{**vars(request), "whole": False}))
        elif fault.after or fault.half:
            reply = self.act(request)
            if fault.half:
                return self._send(reply, half=True)
        if fault.status == 0:
            self.close_connection = True
            return self.connection.shutdown(socket.SHUT_RDWR)
        refusal = _refusal(fault.status, fault.message)
        return self._send(Reply(refusal.status, refusal.body, fault.headers))

    def _pieces(self, length: int) -> Iterator[bytes]:
        while length > 0:
            try:
                piece = self.rfile.read(min(length, 1 << 16))
            except OSError:
                return
            if not piece:
                return
            length -= len(piece)
            yield piece

    def _send(self, reply: Reply, *, half: bool = False) -> None:
        body = b"" if reply.body is None else reply.body if isinstance(reply.body, bytes) else \
            json.dumps(reply.body).encode()
        kind = "application/octet-stream" if isinstance(reply.body, bytes) else "application/json; charset=utf-8"
        self.send_response_only(reply.status)
        for name, value in {"Date": format_datetime(self.github.now(), usegmt=True), **reply.headers}.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) // 2] if half else body)
        self.close_connection = self.close_connection or half

    do_GET = do_POST = do_DELETE = _serve

    def log_message(self, *args: object) -> None:
        pass


class _Api(_Handler):
    def act(self, request: Request) -> Reply:
        return self.github.answer(request)


class _Storage(_Handler):
    def act(self, request: Request) -> Reply:
        return self.github.stored(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what these tests are about."""


def _server(github: FakeGitHub, kind: type[_Handler], tls: ssl.SSLContext | None) -> ThreadingHTTPServer:
    server = _Server(("127.0.0.1", 0), type(kind.__name__, (kind,), {"github": github}))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return server
