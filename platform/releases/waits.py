"""When a service is asked again, and after how many seconds. Pure: no clock but the service's own, in its `Date`.

Worth asking again: a connection that broke, 408, 429, any 5xx, and a 403 that is a rate limit (GitHub's primary limit
says `x-ratelimit-remaining: 0`, its secondary one `retry-after`, or nothing but its message). Other answers are final.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TRIES = 6  # how often one thing is asked for
LONGEST_S = 300  # how long it may wait in all
LIMITED_S = 60  # GitHub's advice where a rate limit says no time


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Status 0: nothing did, and nobody knows whether the request arrived; `message` says how it broke.
    Header names are in small letters."""

    status: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()  # GitHub's own codes of what is wrong with a request, as `already_exists`

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def unknown(self) -> bool:
        """Whether the request may have had its effect although nobody said so."""
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
        """Seconds until it is worth asking again after `tried` times; None when asking again changes nothing."""
        if not (self.unknown or self.limited or self.status == 408):
            return None
        said = self.headers.get("retry-after", "")
        if said.isascii() and said.isdigit():
            return int(said)
        if not self.limited:
            return 1 << (tried - 1)
        reset, now = self.headers.get("x-ratelimit-reset", ""), self.time()
        if self.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdigit() and now is not None:
            return max(int(reset) - int(now.timestamp()), 0) + 1
        return LIMITED_S

    def until(self) -> str:
        """When a rate limit ends, in words."""
        wait, now = self.wait_s(1), self.time()
        if wait is None or now is None:
            return ""
        return f" until {now + timedelta(seconds=wait):%Y-%m-%d %H:%M:%S} UTC"
