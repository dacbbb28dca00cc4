"""Whether to repeat a request, and after how many seconds. Pure: the clock is the service's `Date`.

A request is repeated after a broken connection, 408, 429, any 5xx, and a 403 that is a rate limit.
GitHub's primary limit sends `x-ratelimit-remaining: 0`; its secondary limit sends `retry-after` or
only a message. Other answers are final.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TRIES = 6  # tries for one request
LONGEST_S = 300  # the longest total wait for one request
LIMITED_S = 60  # GitHub's advice if a rate limit has no time


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a request.

    Status 0: the connection broke, so the request may or may not have arrived; `message` says how.
    Header names are lowercase.
    """

    status: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()  # GitHub's error codes, such as `already_exists`

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def unknown(self) -> bool:
        """Whether the request may have succeeded without a confirmation."""
        return self.status == 0 or self.status >= 500

    @property
    def limited(self) -> bool:
        return self.status == 429 or (self.status == 403 and (
            "retry-after" in self.headers or self.headers.get("x-ratelimit-remaining") == "0"
            or "rate limit" in self.message.lower()))

    def time(self) -> datetime | None:
        """The service's clock when it answered."""
        try:
            return parsedate_to_datetime(self.headers["date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return None

    def wait_s(self, tried: int) -> int | None:
        """Seconds to wait after `tried` tries; None if the answer is final."""
        if not (self.unknown or self.limited or self.status == 408):
            return None
        after = self.headers.get("retry-after", "")
        if after.isascii() and after.isdigit():
            return int(after)
        if not self.limited:
            return 1 << (tried - 1)
        reset, now = self.headers.get("x-ratelimit-reset", ""), self.time()
        if (
            self.headers.get("x-ratelimit-remaining") == "0"
            and reset.isascii()
            and reset.isdigit()
            and now is not None
        ):
            return max(int(reset) - int(now.timestamp()), 0) + 1
        return LIMITED_S

    def until(self) -> str:
        """The time at which a rate limit ends, as text; empty if it is unknown."""
        wait, now = self.wait_s(1), self.time()
        if wait is None or now is None:
            return ""
        return f" until {now + timedelta(seconds=wait):%Y-%m-%d %H:%M:%S} UTC"
