"""GitHub's REST API: one client, bounded retries, and answers as values of our own.

Each error is one line: ForbiddenError if the token may not do or see something, RemoteError
otherwise. No error or output contains the token, or a request with the token: errors of libraries
become values (`Answer`) first, and our errors are raised outside of their `except`.
"""
import time
import weakref
from collections.abc import Callable
from functools import cached_property, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from platform.errors import ForbiddenError, PlatformError, RemoteError
from platform.releases.waits import LONGEST_S, TRIES, Reply

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")
CONNECT_S, SILENCE_S = 10, 60  # time limits: to connect, and without data on an open connection
PAGE = 100  # GitHub's largest page


class Budget:
    """The number of tries for one request, and the total time that it may wait."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self.tried = 1
        self._left_s: float = LONGEST_S

    def wait(self, seconds: float | None) -> bool:
        """Wait and return True if another try is allowed; return False at once if not."""
        if seconds is None or self.tried >= TRIES or seconds > self._left_s:
            return False
        self.tried += 1
        self._left_s -= seconds
        self._sleep(seconds)
        return True


class Api:
    """A client for one repository.

    `host` is the API's address, `token_name` the token's name in messages, and `permission` the
    permission that the token needs.
    """

    def __init__(
        self,
        repository: str,
        token: str,
        host: str,
        token_name: str,
        sleep: Callable[[float], None] = time.sleep,
        permission: str = "contents: write",
    ) -> None:
        self.host, self.repository = host.rstrip("/"), repository
        self.token_name, self._permission = token_name, permission
        self._token, self._sleep = token, sleep

    @cached_property
    def client(self) -> "httpx2.Client":
        import httpx2

        headers = {"Authorization": f"Bearer {self._token}", "X-GitHub-Api-Version": "2022-11-28",
                   "User-Agent": "platform-runner",
                   "Accept": "application/vnd.github+json"}
        client = httpx2.Client(
            timeout=httpx2.Timeout(SILENCE_S, connect=CONNECT_S),
            follow_redirects=True,
            headers=headers,
        )
        weakref.finalize(self, client.close)
        return client

    @cached_property
    def _github(self) -> Any:
        # A client of ghapi with only the operations that we use. GhApi() creates all 1,200, which
        # takes a second, and prefers a GITHUB_JWT_TOKEN in the environment to the profile's token.
        from fastspec.oapi import OpenAPIClient
        from ghapi.core import GhSyncTransport, pspec

        new_client: Any = OpenAPIClient  # both without types
        new_transport: Any = GhSyncTransport
        owner, name = self.repository.split("/")
        used = tuple("/repos/{owner}/{repo}" + part for part in ("/releases", "/actions/caches"))
        operations = [one for one in pspec.ops if one.path.startswith(used)]
        return new_client(
            SimpleNamespace(ops=operations, base_url=self.host),
            defaults={"owner": owner, "repo": name},
            transport=new_transport(client=self.client, retries=0))

    def budget(self) -> Budget:
        return Budget(self._sleep)

    def once(self, call: Callable[[Any], Any]) -> tuple[Reply, Any]:
        """Send one request. Returns the answer and its JSON, or None without JSON.

        `call` takes ghapi's client and passes `raw_=True`.
        """
        import httpx2
        from ghapi.core import APIError

        try:
            response = call(self._github)
        except APIError as error:
            if error.response is None:
                return _broken(error.raw), None
            response = error.response
        except httpx2.HTTPStatusError as error:
            response = error.response
        except httpx2.RequestError as error:
            return _broken(error), None
        return _read(response)

    def ask(
        self, place: str, call: Callable[[Any], Any], final: tuple[int, ...] = ()
    ) -> tuple[Reply, Any]:
        """Repeat a request until the status is 2xx or one of `final`.

        Any other last answer is an error that names `place`.
        """
        budget = self.budget()
        while True:
            answer, value = self.once(call)
            if answer.ok and value is None and answer.status != 204:
                raise self.strange(place)
            if answer.ok or answer.status in final:
                return answer, value
            if not budget.wait(answer.wait_s(budget.tried)):
                raise self.error(place, answer)

    def pages(self, place: str, call: Callable[..., Any]) -> list[dict[str, Any]] | None:
        """All items of a list that has pages of 100; None if the list does not exist."""
        items: list[dict[str, Any]] = []
        while len(items) % PAGE == 0:
            number = len(items) // PAGE + 1
            answer, page = self.ask(place, partial(call, page=number), final=(404,))
            if answer.status == 404:
                return None
            if not isinstance(page, list):
                raise self.strange(place)
            if not page:
                break
            items += page
        return items

    def fetch(
        self, place: str, asset_id: int, start: Callable[[], Callable[[bytes], object]]
    ) -> None:
        """Write an asset's bytes to the function that `start` returns. Each try calls `start`."""
        budget = self.budget()
        while True:
            answer = self._stream(asset_id, start)
            if answer.ok:
                return
            if answer.status == 404:
                raise RemoteError(f"{place}: the asset no longer exists; restore the release")
            if not budget.wait(answer.wait_s(budget.tried)):
                raise self.error(place, answer)

    def _stream(self, asset_id: int, start: Callable[[], Callable[[bytes], object]]) -> Reply:
        # GitHub redirects to another host, which must not see the token: httpx2 drops it when the
        # origin changes.
        import httpx2

        url = f"{self.host}/repos/{self.repository}/releases/assets/{asset_id}"
        headers = {"Accept": "application/octet-stream", "Accept-Encoding": "identity"}
        try:
            with self.client.stream("GET", url, headers=headers) as response:
                if response.status_code != 200:
                    if response.history:  # from the other host; the next try gets a new redirect
                        return Reply(0, f"{response.url.host} answers {response.status_code}")
                    response.read()
                    return _read(response)[0]
                take = start()
                for piece in response.iter_bytes():
                    take(piece)
                return Reply(200)
        except httpx2.RequestError as error:
            return _broken(error)

    def read(self, place: str, read: Callable[[Any], T], value: Any) -> T:
        """Convert a JSON value with `read`; RemoteError if the value is not from GitHub's API."""
        try:
            return read(value)
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        raise self.strange(place)

    def error(self, place: str, answer: Reply) -> PlatformError:
        """The error for an answer that is not a success, in one line."""
        details = f" ({answer.message})" if answer.message else ""
        if answer.status == 0:
            return RemoteError(f"{place}: {self.host} does not answer{details}; "
                               "check the network, then run again")
        if answer.limited:
            return RemoteError(f"{place}: GitHub's rate limit is used up{answer.until()}; "
                               "run again then")
        if answer.status == 401:
            return ForbiddenError(f"{place}: GitHub refuses the token in {self.token_name}; "
                                  "set it to a valid token")
        if answer.status in (403, 404):
            return ForbiddenError(
                f"{place}: the token in {self.token_name} may not do this{details}; "
                f"give it `{self._permission}` on {self.repository}")
        return RemoteError(f"{place}: GitHub answers {answer.status}{details}; run again later")

    def strange(self, place: str) -> PlatformError:
        """The error for an answer that GitHub's API does not give."""
        return RemoteError(f"{place}: {self.host} does not answer as GitHub's API does; "
                           "check the profile's `host`")


def _read(response: "httpx2.Response") -> tuple[Reply, Any]:
    try:
        value = response.json()
    except ValueError:
        value = None
    message, codes = "", frozenset[str]()
    if response.status_code >= 400 and isinstance(value, dict):
        errors = [error for error in value.get("errors") or () if isinstance(error, dict)]
        codes = frozenset(str(error.get("code")) for error in errors)
        texts = [value.get("message"), *(error.get("message") for error in errors), *sorted(codes)]
        short = (" ".join(str(text).split())[:200] for text in texts if text)
        message = ", ".join(dict.fromkeys(short))
    headers = {name.lower(): text for name, text in response.headers.items()}
    return Reply(response.status_code, message, headers, codes), value


def _broken(error: "httpx2.RequestError") -> Reply:
    """The type of a connection error, without the library's text: it may quote the request."""
    return Reply(0, type(error).__name__)
