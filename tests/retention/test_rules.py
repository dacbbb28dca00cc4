"""What is over and what is kept, as tables: the shorter retention wins, what is in use and what is not ours stays."""
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.model.retention import expires_at
from platform.model.utc import utc_text
from platform.retention.actions import Cached, entries
from platform.retention.entry import CacheEntry, index, why_delete

MADE = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("contract", "profile", "end"), [
    ("", "", None),
    ("1d", "", "2026-11-02T12:00:00Z"),
    ("", "12h", "2026-11-02T00:00:00Z"),
    ("1d", "4w", "2026-11-02T12:00:00Z"),
    ("1y", "4w", "2026-11-29T12:00:00Z"),
    ("30d", "1m", "2026-12-01T12:00:00Z"),
    ("9999y", "1y", "2027-11-01T12:00:00Z"),
    ("9999y", "", None),
])
def test_the_shorter_retention_wins(contract: str, profile: str, end: str | None) -> None:
    expires = expires_at(MADE, contract, profile)
    assert (utc_text(expires) if expires else None) == end
    assert expires_at(MADE, profile, contract) == expires_at(MADE, contract, profile)


@pytest.mark.parametrize(("created", "expires", "why"), [
    (MADE, None, ""), (MADE, MADE + timedelta(seconds=1), ""), (MADE, MADE, "expired 2026-11-01T12:00:00Z"),
    (None, None, "incomplete"),
])
def test_what_is_over(created: datetime | None, expires: datetime | None, why: str) -> None:
    assert why_delete(CacheEntry("local", "result", "x", created, expires), MADE) == why


def cached(key: str, days: int, id_: int = 1, ref: str = "refs/heads/main", version: str = "v") -> Cached:
    return Cached(id_, key, ref, version, MADE - timedelta(days=days))


@pytest.mark.parametrize(("key", "ours"), [
    ("runtime-nxlkGI-12-1", True), ("runtime-nxlkGI-", False), ("runtime-nxlkGIx-1", False), ("runtime-nxl-1", False),
    ("runtime-", False), ("runtime-node_modules-1", False), ("pip-runtime-nxlkGI-1", False), ("Runtime-nxlkGI", False),
])
def test_only_keys_of_our_form_are_ours(key: str, ours: bool) -> None:
    assert bool(entries([cached(key, 90)], "1w")) is ours


def gone(listed: list[Cached], limit: str = "1w") -> set[int]:
    return {int(entry.handle) for entry in entries(listed, limit) if why_delete(entry, MADE)}


def test_the_newest_of_each_tenant_branch_and_version_is_in_use() -> None:
    listed = [cached("runtime-nxlkGI-1-1", 40, 1), cached("runtime-nxlkGI-2-1", 30, 2),
              cached("runtime-q7RwTz-1-1", 90, 3), cached("runtime-nxlkGI-3-1", 50, 4, ref="refs/heads/other"),
              cached("runtime-nxlkGI-4-1", 60, 5, version="w"), cached("runtime-q7RwTz-2-1", 3, 6),
              cached("runtime-q7RwTz-3-1", 2, 7)]
    assert gone(listed) == {1, 3}
    assert gone(listed, "") == set(), "a profile without a retention deletes nothing of it"


@given(st.lists(st.tuples(st.sampled_from(["runtime-nxlkGI-a", "runtime-q7RwTz-a", "pip-x"]), st.integers(0, 30),
                          st.sampled_from(["a", "b"])), max_size=12))
def test_nobody_loses_the_last_one_nor_one_within_its_time(made: list[tuple[str, int, str]]) -> None:
    listed = [cached(key, days, number, ref) for number, (key, days, ref) in enumerate(made)]
    over = gone(listed)
    assert all(one.key.startswith("runtime-") and one.created_at <= MADE - timedelta(weeks=1)
               for one in listed if one.id in over)
    ours = {one.group for one in listed if one.key.startswith("runtime-")}
    assert {one.group for one in listed if one.id not in over and one.key.startswith("runtime-")} == ours


def test_the_index_has_what_was_looked_at_and_what_it_knew_of_the_rest() -> None:
    here = CacheEntry("local", "result", "nxlkGI/a", MADE, None)
    there = CacheEntry("actions", "runtime", "k@refs/heads/main", MADE, MADE + timedelta(days=1))
    torn = CacheEntry("local", "result", "nxlkGI/torn", None, None)
    both = index([here, there, torn], ["local", "actions"], b"")
    assert both == (b"place,type,ref,created_at,expires_at\n"
                    b"actions,runtime,k@refs/heads/main,2026-11-01T12:00:00Z,2026-11-02T12:00:00Z\n"
                    b"local,result,nxlkGI/a,2026-11-01T12:00:00Z,\n")
    assert index([here], ["local"], both) == both
    assert index([], ["local"], both) == both.replace(b"local,result,nxlkGI/a,2026-11-01T12:00:00Z,\n", b"")
    assert index([], ["actions"], b"something else\nactions,a,b,c,d\n") == b"place,type,ref,created_at,expires_at\n"
