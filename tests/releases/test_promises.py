"""The promises of a release store (ports/release_store.py), held against each store."""
import hashlib
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform.errors import CorruptError, PlatformError, StaleError
from platform.ports.release_store import NameTaken
from platform.releases.folder import FolderStore
from tests.support import LONGEST_WAIT_S


@pytest.fixture
def store(place):
    return place.store()


def test_a_release_that_was_not_made_is_none_and_takes_nothing(store, a_file):
    assert store.assets("a") is None
    with pytest.raises(StaleError):
        store.upload("a", "x", a_file("1"))
    assert store.tags("") == ()


def test_a_release_without_assets_is_there_and_empty(store):
    store.create("a", "A")
    assert dict(store.assets("a")) == {}
    assert store.tags("") == ("a",)


def test_an_asset_says_what_it_is(store, a_file):
    store.create("a", "A")
    asset = store.upload("a", "x.csv", a_file("one\n"))
    assert (asset.name, asset.bytes, asset.sha256) == ("x.csv", 4, hashlib.sha256(b"one\n").hexdigest())
    assert asset.uri.endswith("a/x.csv")


def test_a_name_is_given_once(store, a_file):
    store.create("a", "A")
    first = store.upload("a", "x", a_file("1"))
    for other in ("22", "1"):  # the same bytes too: whether they are the ones meant is for the caller to say
        with pytest.raises(NameTaken) as taken:
            store.upload("a", "x", a_file(other))
        assert taken.value.asset == first == store.assets("a")["x"]
    store.create("a", "again")
    assert dict(store.assets("a")) == {"x": first}


def test_of_many_who_upload_one_name_one_has_it(place, a_file):
    place.store().create("a", "A")
    had, told = [], []

    def upload(number):
        try:
            had.append(place.store().upload("a", "x", a_file(str(number), f"file{number}")))
        except NameTaken as taken:
            told.append(taken.asset)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONGEST_WAIT_S)
    assert len(had) == 1
    assert told == had * 5
    assert place.store().assets("a") == {"x": had[0]}


def test_of_many_who_make_a_release_nobody_fails_and_one_is_there(place):
    failed = []

    def create():
        try:
            place.store().create("a", "A")
        except PlatformError as error:
            failed.append(error)

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=LONGEST_WAIT_S)
    assert (failed, place.store().tags("")) == ([], ("a",))


def test_what_comes_down_is_what_went_up(store, a_file, tmp_path):
    store.create("a", "A")
    asset = store.upload("a", "x", a_file(bytes(range(256)) * 999))
    target = tmp_path / "down" / "x"
    store.download("a", asset, target)
    assert target.read_bytes() == bytes(range(256)) * 999
    assert [path.name for path in target.parent.iterdir()] == ["x"]


def test_a_download_replaces_what_was_at_its_target(store, a_file, tmp_path):
    store.create("a", "A")
    asset = store.upload("a", "x", a_file("1"))
    (tmp_path / "down").write_text("older and longer")
    store.download("a", asset, tmp_path / "down")
    assert (tmp_path / "down").read_text() == "1"


def test_other_bytes_than_were_listed_are_refused_and_leave_no_file(place, store, a_file, tmp_path):
    store.create("a", "A")
    asset = store.upload("a", "x", a_file("1"))
    place.spoil("a", "x", b"2")
    folder = tmp_path / "down"
    with pytest.raises(CorruptError, match=r"x: its bytes do not match its listed digest; restore"):
        store.download("a", asset, folder / "x")
    assert list(folder.iterdir()) == []


def test_another_process_finds_what_one_has_put_there(place, a_file, tmp_path):
    one, other = place.store(), place.store()
    one.create("a", "A")
    asset = one.upload("a", "x", a_file("1"))
    assert other.assets("a") == {"x": asset}
    place.store().download("a", asset, tmp_path / "down")
    assert (tmp_path / "down").read_text() == "1"


def test_a_release_that_is_gone_takes_nothing(place, store, a_file):
    store.create("a", "A")
    place.remove("a")
    with pytest.raises(StaleError, match="the release no longer exists"):
        store.upload("a", "x", a_file("1"))
    assert store.assets("a") is None


def test_tags_by_prefix(store):
    for tag in ("b-2", "a-1", "b-1"):
        store.create(tag, "")
    assert store.tags("b-") == ("b-1", "b-2")


NAMES = st.from_regex(r"[a-c][a-c0-9_-]{0,2}", fullmatch=True)
MOVES = st.lists(st.tuples(st.sampled_from(["create", "upload", "assets", "tags"]), st.sampled_from(["a", "b-1"]),
                           NAMES, st.binary(min_size=1, max_size=9)), max_size=12)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_the_stores_tell_one_story(moves, github, tmp_path_factory):
    """Whatever is done, in whatever order: a folder and GitHub say the same."""
    folder = tmp_path_factory.mktemp("one")
    github.releases.clear()
    stores = [FolderStore(folder / "releases", "file:releases"), github.store()]
    for number, move in enumerate(moves):
        answers = [told(store, *move, folder / f"file{number}") for store in stores]
        assert answers[0] == answers[1], move


def told(store, what, tag, name, content, file):
    def seen(asset):
        return asset.name, asset.bytes, asset.sha256

    file.write_bytes(content)
    try:
        if what == "create":
            return store.create(tag, name)
        if what == "upload":
            return seen(store.upload(tag, name, file))
        if what == "tags":
            return store.tags(name[0])
        assets = store.assets(tag)
        return None if assets is None else [seen(asset) for asset in assets.values()]
    except NameTaken as taken:
        return NameTaken, seen(taken.asset)
    except StaleError:
        return StaleError
