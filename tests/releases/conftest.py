"""The stores that the promises are held against, and a GitHub of our own."""
import pytest

from platform.releases.folder import FolderStore
from tests.releases.fake_github import FakeGitHub


@pytest.fixture
def github():
    with FakeGitHub() as fake:
        yield fake


@pytest.fixture
def a_file(tmp_path):
    def make(content: bytes | str, name: str = "file"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


class Folder:
    """Releases in a folder, and a hand that can spoil them."""

    def __init__(self, root):
        self.root = root

    def store(self):
        return FolderStore(self.root, "file:releases")

    def spoil(self, tag, name, content):
        (self.root / tag / name).write_bytes(content)

    def remove(self, tag):
        for path in (self.root / tag).iterdir():
            path.unlink()
        (self.root / tag).rmdir()


class Spoiled:
    """The same of a fake GitHub: the listing keeps the digest of what was uploaded."""

    def __init__(self, fake):
        self.fake = fake

    def store(self):
        return self.fake.store()

    def spoil(self, tag, name, content):
        self.fake.asset(tag, name).content = content

    def remove(self, tag):
        self.fake.releases.remove(self.fake.release(tag))


@pytest.fixture(params=["folder", "github", "github without digests"])
def place(request, tmp_path):
    """Where releases are kept: `store()` makes a store on it."""
    if request.param == "folder":
        yield Folder(tmp_path / "releases")
        return
    with FakeGitHub(digests=request.param == "github") as fake:
        yield Spoiled(fake)
