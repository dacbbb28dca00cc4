"""A folder keeps the promises of a release store."""
import pytest

from platform.errors import CorruptError, StaleError
from platform.releases.folder import FolderStore
from platform.releases.store import NameTaken


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "releases", "file:releases")


def a_file(tmp_path, text):
    path = tmp_path / "file"
    path.write_text(text)
    return path


def test_a_release_that_was_not_made_is_none_and_takes_nothing(store, tmp_path):
    assert store.assets("a") is None
    with pytest.raises(StaleError):
        store.upload("a", "x", a_file(tmp_path, "1"))
    assert store.tags("") == ()


def test_a_name_is_given_once(store, tmp_path):
    store.create("a", "A")
    first = store.upload("a", "x", a_file(tmp_path, "1"))
    with pytest.raises(NameTaken) as taken:
        store.upload("a", "x", a_file(tmp_path, "22"))
    assert taken.value.asset == first == store.assets("a")["x"]
    store.create("a", "again")
    assert dict(store.assets("a")) == {"x": first}
    assert [path.name for path in (store.root / "a").iterdir()] == ["x"]


def test_what_comes_down_is_what_went_up_or_nothing(store, tmp_path):
    store.create("a", "A")
    asset = store.upload("a", "x", a_file(tmp_path, "1"))
    store.download("a", asset, tmp_path / "down")
    assert (tmp_path / "down").read_text() == "1"
    (store.root / "a" / "x").write_text("2")
    with pytest.raises(CorruptError):
        store.download("a", asset, tmp_path / "worse")
    assert not (tmp_path / "worse").exists()


def test_tags_by_prefix(store):
    for tag in ("b-2", "a-1", "b-1"):
        store.create(tag, "")
    assert store.tags("b-") == ("b-1", "b-2")
