"""The files of a shared state are written in one way, and what is not written so is refused. The rules of the chain are
tried in tests/faults/tamper.py, each by a deed."""
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.errors import ConflictError, CorruptError, ForbiddenError, StaleError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.model.profile import Profile
from platform.state.chain import Chain, TrustedHead, parse_trusted, render_trusted
from platform.state.hydrate import hydrate
from platform.state.local import LocalState
from platform.state.manifest import Archive, Segment, StateManifest, number_of, parse, render, tag_of
from platform.state.open import open_release
from platform.state.publish import initialise, publish_state
from platform.state.remote import Release
from platform.state.segments import boundary, cut
from tests.faults.stores import MemoryStore
from tests.ledger.conftest import noon

ZERO = "0" * 64
FIRST = StateManifest(1, ZERO, 1, "b" * 64, (Segment(1, 1, "b" * 64, "c" * 64, 9),), Archive("t.zip", "d" * 64, 3),
                      "2026-11-24T12:00:00Z", "2026-12-24T12:00:00Z")


@pytest.mark.parametrize(("old", "new"), [
    ('"generation": 1', '"generation": "1"'), ('"seq": 1', '"seq": true'), ('"last": 1', '"last": 1.0'),
    ('"expires": "2026', '"expires": "soon'), ('"sha256": "c', '"sha256": "/'), ('"next_tag": ""', '"next_tag": null'),
    ('"format": 1', '"format": 2'), ('"created": "2026', '"created": "2027'), ("{", "["), ("}\n", "}"),
    ('"seq"', '"sq"')])
def test_a_manifest_is_written_in_one_way(old: str, new: str) -> None:
    text = render(FIRST).decode()
    assert parse(text.encode()) == FIRST
    assert old in text
    with pytest.raises(ValueError, match="manifest"):
        parse(text.replace(old, new).encode())


@pytest.mark.slow
@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from([*json.loads(render(FIRST)), "seq", "hash"]), inner)).map(
            lambda value: json.dumps(value).encode()) | st.just(b"[" * 100_000))
def test_no_bytes_end_in_another_error(data: bytes) -> None:
    with pytest.raises(CorruptError):
        Chain(None).admit("tag", "uri", data)


def test_a_trusted_head_is_written_in_one_way() -> None:
    head = TrustedHead("tag", 3, ZERO, 5, ZERO)
    assert parse_trusted(render_trusted(head)) == head
    for wrong in (b"", b"{}", b"[]", render_trusted(head)[:-1], render_trusted(head._replace(seq=True))):
        with pytest.raises(ValueError):
            parse_trusted(wrong)


def test_a_state_has_tags_of_its_own() -> None:
    assert tag_of("dev-", 7) == "dev-billing-state-0007"
    assert [number_of("dev-", tag) for tag in ("dev-billing-state-0007", "billing-state-0007", "dev-billing-state-7",
                                               "dev-billing-state-00071", "dev-artifacts-tenant")] == [7] + [None] * 4


def test_segments_join_to_the_lines_and_only_the_missing_ones_are_fetched() -> None:
    lines = [f"{number},".encode() + f"{number:064x}".encode() + b"\n" for number in range(1, 8)]
    pieces = [segment for segment, _ in cut(lines, 0, 2 * len(lines[0]))]
    assert [(piece.first, piece.last) for piece in pieces] == [(1, 2), (3, 4), (5, 6), (7, 7)]
    assert list(cut(lines, 7)) == []
    other = [*lines[:5], lines[0]]
    assert [boundary(pieces, have) for have in ([], lines[:1], lines[:3], lines, other)] == [0, 0, 2, 7, 4]


class Machine:
    """A folder, a store, and what is posted and shared there."""

    def __init__(self, folder: Path, store: MemoryStore, now: str = noon()) -> None:
        self.local = LocalState(folder, lambda: now)
        self.release = Release(store, expires_days=10)

    def post(self, reference: str) -> None:
        with closing(Ledger.create(self.local.folder, noon)) as ledger:
            ledger.post(lambda book: [topup("tenant", 5, "wire", reference)])


def test_a_generation_is_renewed_when_half_of_its_time_is_over(tmp_path: Path) -> None:
    store = MemoryStore()
    one = Machine(tmp_path / "one", store)
    assert initialise(one.local, one.release).generation == 1
    assert [publish_state(Machine(tmp_path / "one", store, now).local, one.release).new for now in (
        "2026-11-24T12:00:01Z", "2026-11-29T12:00:00Z", "2026-11-29T12:00:01Z", "2026-11-29T12:00:02Z")] == [
            False, False, True, False]


def test_a_store_that_is_busy_for_ever_is_given_up_and_nothing_is_lost(tmp_path: Path) -> None:
    """Another publisher is always first."""

    store = MemoryStore()
    one, two = Machine(tmp_path / "one", store), Machine(tmp_path / "two", store)
    initialise(one.local, one.release)
    hydrate(two.local, two.release)
    pauses: list[float] = []

    def first(call: str, name: str) -> None:
        if name.startswith("state_manifest") and call == "upload":
            one.post(f"one-{len(pauses)}")
            publish_state(one.local, one.release)

    two.post("mine")
    busy = replace(two.release, store=store.seen_by(first), pause=pauses.append)
    with pytest.raises(ConflictError, match="another publisher was first 10 times"):
        publish_state(two.local, busy)
    assert pauses == sorted(pauses)
    assert publish_state(two.local, two.release).posts == 1


def test_a_missing_release_is_never_an_empty_one(tmp_path: Path) -> None:
    one = Machine(tmp_path / "one", MemoryStore())
    for act in (hydrate, publish_state):
        with pytest.raises(StaleError, match="run `state init` once"):
            act(one.local, one.release)
    assert not (tmp_path / "one" / "journal.csv").exists()


@pytest.mark.parametrize(("store", "why"), [
    ({"type": "none"}, "the profile sets release_store.type to none"),
    ({}, "the profile sets release_store.type to none"),
    ({"type": "folder"}, "release_store has no dir"), ({"type": "github"}, "GITHUB_TOKEN is not set"),
    ({"type": "github", "token_env": "OTHER"}, "OTHER is not set")])
def test_where_the_store_cannot_be_opened(tmp_path: Path, store: dict[str, str], why: str) -> None:
    assert open_release(Profile(billing_state_release="optional", release_store=store), tmp_path, {}) == why
    with pytest.raises(ForbiddenError, match=why):
        open_release(Profile(billing_state_release="required", release_store=store), tmp_path, {})


@pytest.mark.parametrize(("name", "value"), [
    ("tag", 5), ("tag", None), ("tag", []), ("sha256", 1), ("hash", {}), ("generation", "1"), ("seq", True)])
def test_a_trusted_head_of_other_types_is_refused(name: str, value: object) -> None:
    told = {**TrustedHead("t", 1, "a", 1, "b")._asdict(), name: value}
    with pytest.raises(ValueError, match="trusted head"):
        parse_trusted(json.dumps(told, indent=1).encode() + b"\n")
