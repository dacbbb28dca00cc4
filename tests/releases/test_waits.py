"""When a service is asked again: a table."""
from datetime import UTC, datetime

import pytest

from platform.releases.waits import Reply

NOW = {"date": "Fri, 27 Nov 2026 12:00:00 GMT"}
RESET = str(int(datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC).timestamp()))


@pytest.mark.parametrize(("answer", "tried", "seconds"), [
    (Reply(200), 1, None),
    (Reply(404), 1, None),
    (Reply(422), 1, None),
    (Reply(401), 1, None),
    (Reply(403, "Resource not accessible by integration"), 1, None),
    (Reply(403, "Forbidden", {"x-ratelimit-remaining": "12", "x-ratelimit-reset": RESET, **NOW}), 1, None),
    (Reply(0, "ConnectError"), 1, 1),
    (Reply(0, "ReadTimeout"), 4, 8),
    (Reply(408), 1, 1),
    (Reply(500), 3, 4),
    (Reply(503, "", {"retry-after": "7"}), 3, 7),
    (Reply(503, "", {"retry-after": "0"}), 1, 0),
    (Reply(503, "", {"retry-after": "Fri, 27 Nov 2026 12:00:09 GMT"}), 1, 1),
    (Reply(503, "", {"retry-after": "²"}), 1, 1),
    (Reply(429), 1, 60),
    (Reply(429, "", {"retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, **NOW}), 1, 5),
    (Reply(429, "", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, **NOW}), 1, 31),
    (Reply(403, "", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, **NOW}), 1, 31),
    (Reply(403, "", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12", **NOW}), 1, 1),
    (Reply(403, "", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}), 1, 60),
    (Reply(403, "", {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, "date": "yesterday"}), 1, 60),
    (Reply(403, "", {"retry-after": "3"}), 1, 3),
    (Reply(403, "You have exceeded a secondary rate limit"), 1, 60),
])
def test_seconds_to_wait(answer, tried, seconds):
    assert answer.wait_s(tried) == seconds


@pytest.mark.parametrize(("status", "unknown"), [(0, True), (500, True), (504, True), (429, False), (422, False)])
def test_what_may_have_had_its_effect(status, unknown):
    assert Reply(status).unknown is unknown


def test_a_limit_says_when_it_ends():
    assert Reply(429, "", {"retry-after": "90", **NOW}).until() == " until 2026-11-27 12:01:30 UTC"
    assert Reply(429).until() == ""
