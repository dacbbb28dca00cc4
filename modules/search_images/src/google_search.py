"""Google's Custom Search JSON API: the items that a query finds, ten a request. The only place that
knows its HTTP.

Rules: 429 and 5xx are tried again, after Retry-After or a growing pause; everything else that is
not 200 is an ApiError with Google's own words. The key is in no message. Needs https, but for a
server on this machine.

search_images and search_pages each have this file, with the same bytes (a test holds it): a module
is one folder that can be read, run and shared alone.
"""
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

SECRETS = ("GOOGLE_SEARCH_API_KEY", "GOOGLE_SEARCH_ENGINE_ID")
PAGE = 10  # the most that one request gives
LAST_START = 91  # the API answers 400 to a start beyond it: a query has at most 100 results
TRIES = 4
LONGEST_WAIT_S = 30.0
_LARGEST_ANSWER = 8 << 20


def missing_secrets(env: Mapping[str, str]) -> str:
    """What a live profile lacks, in one line; empty when it lacks nothing. Fixtures never stand in
    for it."""
    names = [name for name in SECRETS if not env.get(name)]
    return f"{' and '.join(names)} must be set under external_services: live" if names else ""


def engine_of(env: Mapping[str, str]) -> "Engine":
    """The engine that a module's secrets and vars name."""
    return Engine(*(env[name] for name in SECRETS), env["GOOGLE_SEARCH_BASE_URL"], time.sleep)


class ApiError(Exception):
    """The API did not give what was asked; the message is for a person and has no key in it."""


@dataclass(frozen=True)
class Engine:
    """A search engine of ours at Google, and how to wait (an argument, so that tests do not)."""

    key: str
    engine_id: str
    base_url: str
    wait: Callable[[float], None]
    timeout_s: float = 30.0

    def items(self, query: str, options: Mapping[str, str], wanted: int) -> list[dict[str, Any]]:
        """Up to `wanted` items (1 to 100) in Google's order; fewer when there are no more."""
        found: list[dict[str, Any]] = []
        while len(found) < wanted and len(found) < LAST_START + PAGE - 1:
            ask = min(PAGE, wanted - len(found))
            answer = self._get(
                {**options, "q": query, "num": str(ask), "start": str(len(found) + 1)}
            )
            page = answer.get("items", [])
            found += page[:ask]
            if len(page) < ask or "nextPage" not in answer.get("queries", {}):
                break
        return found

    def _get(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        words = urllib.parse.urlencode({**parameters, "cx": self.engine_id, "key": self.key})
        url = f"{self.base_url}?{words}"
        if not (
            url.startswith("https://")
            or urllib.parse.urlsplit(url).hostname in ("127.0.0.1", "localhost")
        ):
            raise ApiError("the API is asked over https only; correct GOOGLE_SEARCH_BASE_URL")
        for attempt in range(1, TRIES + 1):
            try:
                with urllib.request.urlopen(url, timeout=self.timeout_s) as answer:
                    return _parsed(answer.read(_LARGEST_ANSWER))
            except urllib.error.HTTPError as error:
                told, passing, pause = (
                    _told(error),
                    error.code == 429 or error.code >= 500,
                    _pause(error, attempt),
                )
            except (OSError, http.client.HTTPException) as error:
                told, passing, pause = (
                    f"it cannot be reached ({type(error).__name__})",
                    True,
                    float(2**attempt),
                )
            if not passing or attempt == TRIES:
                break
            self.wait(min(pause, LONGEST_WAIT_S))
        raise ApiError(f"Google's search API: {told} (tried {attempt} times)")


def _parsed(data: bytes) -> dict[str, Any]:
    """An answer that can be written again: no infinity and no NaN, and a sign in place of half a
    character (a title that was cut in the middle of an emoji)."""
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise ApiError("Google's search API: its answer is not JSON") from error
    value = json.loads(text.encode("utf-8", "replace"))
    if not isinstance(value, dict) or not isinstance(value.get("items", []), list) \
            or not all(isinstance(item, dict) for item in value.get("items", [])):
        raise ApiError("Google's search API: its answer has not the documented form")
    return value


def _told(error: urllib.error.HTTPError) -> str:
    """An error's status and Google's own message, which the documented form has under
    error.message."""
    try:
        message = json.loads(error.read(_LARGEST_ANSWER))["error"]["message"]
    except (ValueError, LookupError, TypeError, OSError, RecursionError):
        message = error.reason
    return f"{error.code} {' '.join(str(message).split())[:200]}"


def _pause(error: urllib.error.HTTPError, attempt: int) -> float:
    """Seconds to wait: what Retry-After says in seconds, or 2, 4, 8."""
    asked = error.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else float(2 ** attempt)
