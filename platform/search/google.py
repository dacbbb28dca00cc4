"""Google's Custom Search JSON API: the items that a query finds, ten for each request.

Only this file knows the API's HTTP. After status 429 or 5xx it repeats the request, after
Retry-After or a growing pause. Any other status except 200 is a SearchError with Google's own
words. The key is in no message. The address must be https, except for a server on this machine.
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

_SECRETS = ("GOOGLE_SEARCH_API_KEY", "GOOGLE_SEARCH_ENGINE_ID")
_PAGE = 10  # the most that one request gives
_LAST_START = 91  # the API answers 400 to a start beyond it: a query has at most 100 results
_TRIES = 4
_LONGEST_WAIT_S = 30.0
_LARGEST_ANSWER = 8 << 20


def missing_secrets(env: Mapping[str, str]) -> str:
    """The secrets that a live profile lacks, in one line; empty if it lacks none. Fixtures never
    replace them."""
    names = [name for name in _SECRETS if not env.get(name)]
    return f"{' and '.join(names)} must be set under external_services: live" if names else ""


def engine_of(env: Mapping[str, str]) -> "Engine":
    """The engine that a module's secrets and variables name. KeyError if one is missing."""
    key, engine_id = (env[name] for name in _SECRETS)
    return Engine(key, engine_id, env["GOOGLE_SEARCH_BASE_URL"], time.sleep)


class SearchError(Exception):
    """The API did not return results. The message is for a person and does not contain the key."""


@dataclass(frozen=True)
class Engine:
    """A Programmable Search Engine. `wait` waits a number of seconds; in tests it does not."""

    key: str
    engine_id: str
    base_url: str
    wait: Callable[[float], None]
    timeout_s: float = 30.0

    def items(self, query: str, options: Mapping[str, str], wanted: int) -> list[dict[str, Any]]:
        """Up to `wanted` items (1 to 100) in Google's order; fewer if there are no more.

        SearchError: the API did not return results.
        """
        found: list[dict[str, Any]] = []
        while len(found) < wanted and len(found) < _LAST_START + _PAGE - 1:
            ask = min(_PAGE, wanted - len(found))
            answer = self._get(
                {**options, "q": query, "num": str(ask), "start": str(len(found) + 1)}
            )
            page = answer.get("items", [])
            found += page[:ask]
            if len(page) < ask or "nextPage" not in answer.get("queries", {}):
                break
        return found

    def _get(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        query = urllib.parse.urlencode({**parameters, "cx": self.engine_id, "key": self.key})
        url = f"{self.base_url}?{query}"
        if not (
            url.startswith("https://")
            or urllib.parse.urlsplit(url).hostname in ("127.0.0.1", "localhost")
        ):
            raise SearchError("the API is asked over https only; correct GOOGLE_SEARCH_BASE_URL")
        for attempt in range(1, _TRIES + 1):
            try:
                with urllib.request.urlopen(url, timeout=self.timeout_s) as answer:
                    return _parsed(answer.read(_LARGEST_ANSWER))
            except urllib.error.HTTPError as error:
                words, pause_s = _words_of(error), _pause_s(error, attempt)
                may_pass = error.code == 429 or error.code >= 500
            except (OSError, http.client.HTTPException) as error:
                words, pause_s = f"it cannot be reached ({type(error).__name__})", 2.0**attempt
                may_pass = True
            if not may_pass or attempt == _TRIES:
                break
            self.wait(min(pause_s, _LONGEST_WAIT_S))
        raise SearchError(f"Google's search API: {words} (tried {attempt} times)")


def _parsed(data: bytes) -> dict[str, Any]:
    """An answer that can be written as JSON again: without infinity and NaN, and with a question
    mark instead of half a character (a title that was cut inside an emoji)."""
    try:
        text = json.dumps(json.loads(data), ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise SearchError("Google's search API: its answer is not JSON") from error
    value = json.loads(text.encode("utf-8", "replace"))
    items = value.get("items", []) if isinstance(value, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SearchError("Google's search API: its answer does not have the documented form")
    found: dict[str, Any] = value
    return found


def _words_of(error: urllib.error.HTTPError) -> str:
    """An error's status and Google's own message, `error.message` in the documented form."""
    try:
        message = json.loads(error.read(_LARGEST_ANSWER))["error"]["message"]
    except (ValueError, LookupError, TypeError, OSError, RecursionError):
        message = error.reason
    return f"{error.code} {' '.join(str(message).split())[:200]}"


def _pause_s(error: urllib.error.HTTPError, attempt: int) -> float:
    """The seconds to wait: Retry-After if it is in seconds, otherwise 2, 4, 8."""
    asked = error.headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 2.0**attempt
