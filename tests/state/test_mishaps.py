"""What goes wrong beside publishing: a folder that is restored meanwhile, a release that was begun and no more, a
trusted head that is none. Each is one line, and the release keeps every post."""
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from platform.errors import ConflictError, CorruptError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from platform.releases.folder import FolderStore
from platform.state.local import TRUSTED, LocalState, StateSnapshot
from platform.state.manifest import tag_of
from platform.state.publish import initialise, publish_state
from platform.state.remote import Release
from platform.state.verify import verify_state
from tests.ledger.conftest import noon


def release_in(folder: Path) -> Release:
    return Release(FolderStore(folder / "releases", "file:releases"))


def post(local: LocalState, *references: str) -> None:
    with closing(Ledger.create(local.folder, noon)) as ledger:
        ledger.post(lambda book: [topup("tenant", 5, "wire", reference) for reference in references])
        ledger.checkpoint()


class RestoredMeanwhile(LocalState):
    """Somebody puts an older copy of the folder back, just before it is looked at for publishing."""

    older: Path

    def snapshot(self) -> StateSnapshot:
        for file in self.folder.iterdir():
            if file.is_file() and not file.name.endswith(".lock"):
                file.unlink()
        shutil.copytree(self.older, self.folder, dirs_exist_ok=True)
        return super().snapshot()


@pytest.mark.parametrize("before", [1, 2])
def test_a_folder_that_is_restored_while_it_is_published_is_a_conflict(tmp_path: Path, before: int) -> None:
    release, local = release_in(tmp_path), RestoredMeanwhile(tmp_path / "state", noon)
    local.older = tmp_path / "older"
    post(LocalState(local.older, noon), *("other", "others")[:before])
    post(local, "one", "two")
    initialise(LocalState(local.folder, noon), release)
    post(local, "three")
    with pytest.raises(ConflictError, match="its journal was replaced meanwhile; run again"):
        publish_state(local, release)
    assert verify_state(LocalState(tmp_path / "stranger", noon), release).posts == 2


def test_a_release_without_a_manifest_is_told_by_verify(tmp_path: Path) -> None:
    """Whoever made it was killed before the first generation."""
    release = release_in(tmp_path)
    release.store.create(tag_of("", 1), "Billing state, release 1")
    verdict = verify_state(LocalState(tmp_path / "state", noon), release)
    assert (verdict.findings, verdict.status) == (
        ["file:releases: has no manifest; run `state init` once"], 14)
    local = LocalState(tmp_path / "state", noon)
    assert initialise(local, release).generation == 1
    assert verify_state(local, release).findings == []


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff", b"[" * 10_000, b'{"tag": "x"}'])
def test_a_trusted_head_that_is_none_is_told_in_our_words(tmp_path: Path, data: bytes) -> None:
    local = LocalState(tmp_path / "state", noon)
    local.folder.mkdir()
    (local.folder / TRUSTED).write_bytes(data)
    with pytest.raises(CorruptError) as told:
        local.trusted()
    assert str(told.value) == (f"{local.folder}/{TRUSTED}:1: is not a trusted head; "
                               "restore it from a copy of the directory")
