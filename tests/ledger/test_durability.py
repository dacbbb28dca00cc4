"""What reaches the disk, in which order: an acknowledgement is worth what was synced before it."""
import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from platform.errors import ConflictError, StorageError
from platform.ledger.journal.disk import Disk
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.credit import topup
from tests.ledger.conftest import noon


class RecordingDisk(Disk):
    """Does what it is told and remembers it."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def append(self, handle: int, data: bytes) -> int:
        self.did.append(f"append {data.count(10)}")
        return super().append(handle, data)

    def sync(self, handle: int) -> None:
        self.did.append("sync")
        super().sync(handle)

    def replace(self, old: Path, new: Path) -> None:
        self.did.append(f"replace {new.name}")
        super().replace(old, new)

    def sync_folder(self, folder: Path) -> None:
        self.did.append("sync folder")
        super().sync_folder(folder)

    def truncate(self, handle: int, size: int) -> None:
        self.did.append("truncate")
        super().truncate(handle, size)


def post(ledger: Ledger, *references: str) -> None:
    ledger.post(lambda book: [topup("tenant", 1, "bank-wire", reference) for reference in references])


def during(disk: RecordingDisk, act: Callable[[], object]) -> list[str]:
    disk.did.clear()
    act()
    return list(disk.did)


def test_a_new_state_has_a_durable_name_before_its_header_counts(state: Path) -> None:
    disk = RecordingDisk()
    assert during(disk, lambda: Ledger.create(state, noon, disk)) == [
        "sync folder", "truncate", "sync", "replace journal.csv", "sync folder"]


def test_a_decision_of_any_size_is_one_write_and_one_fsync_and_a_replay_none(state: Path) -> None:
    disk = RecordingDisk()
    ledger = Ledger.create(state, noon, disk)
    assert during(disk, lambda: post(ledger, "a")) == ["append 1", "sync"]
    assert during(disk, lambda: post(ledger, "b", "c", "d")) == ["append 3", "sync"]
    assert during(disk, lambda: post(ledger, "b", "c", "d")) == []


def test_many_decisions_share_a_write_and_an_fsync_and_each_is_all_or_nothing_by_itself(state: Path) -> None:
    disk = RecordingDisk()
    ledger = Ledger.create(state, noon, disk)
    ten = [lambda book, name=name: [topup("tenant", 1, "bank-wire", name)] for name in "abcdefghij"]
    assert during(disk, lambda: ledger.post_each(ten)) == ["append 10", "sync"]
    spoilt = [lambda book: [topup("tenant", 1, "bank-wire", "k"), topup("tenant", 2, "bank-wire", "a")],
              lambda book: [topup("tenant", 1, "bank-wire", "l")]]

    def post_spoilt() -> None:
        with pytest.raises(ConflictError):
            ledger.post_each(spoilt)

    assert during(disk, post_spoilt) == ["append 1", "sync"]
    assert ledger.book.balance("tenant") == 11


def test_a_replay_of_what_another_process_may_not_have_synced_is_synced_first(state: Path, ledger: Ledger) -> None:
    post(ledger, "a")
    disk = RecordingDisk()
    other = Ledger.open(state, noon, disk)
    assert during(disk, lambda: post(other, "a")) == ["sync"]
    assert during(disk, lambda: post(other, "a")) == []


def test_a_torn_line_is_kept_durably_before_it_is_cut_off_durably(state: Path, ledger: Ledger) -> None:
    post(ledger, "a")
    with (state / "journal.csv").open("ab") as file:
        file.write(b"2,2026-")
    disk = RecordingDisk()
    assert during(disk, lambda: Ledger.open(state, noon, disk)) == [
        "truncate", "sync", "replace journal.torn.2", "sync folder", "truncate", "sync"]


def test_a_manifest_is_written_after_all_that_it_names_is_durable(state: Path) -> None:
    disk = RecordingDisk()
    ledger = Ledger.create(state, noon, disk)
    post(ledger, "a")
    did = during(disk, ledger.checkpoint)
    assert did[:4] == ["sync"] * 4  # transactions, items, redemptions, artifacts
    assert did[4:] == ["truncate", "sync", "replace tenants_credits.csv", "sync folder",
                       "truncate", "sync", "replace state_manifest.json", "sync folder"]


class LostWrites(Disk):
    """Linux after a write that failed: one fsync tells of it, and the next says that all is well; the file reads as if
    the lines were there, and cannot be cut."""

    failed = False

    def sync(self, handle: int) -> None:
        if not self.failed:
            self.failed = True
            raise OSError(errno.EIO, "Input/output error")

    def truncate(self, handle: int, size: int) -> None:
        if self.failed:
            raise OSError(errno.EIO, "Input/output error")


def test_a_post_whose_fsync_failed_is_not_acknowledged_by_the_next_fsync(state: Path, ledger: Ledger) -> None:
    failing = Ledger.open(state, noon, LostWrites())
    for _ in range(2):
        with pytest.raises(StorageError):
            post(failing, "a")
    with pytest.raises(StorageError, match="an earlier fsync failed"):
        failing.checkpoint()
    disk = RecordingDisk()
    again = Ledger.open(state, noon, disk)  # a new start reads what is there, and syncs it before it says so
    assert during(disk, lambda: post(again, "a"))[0] == "sync"


def test_a_table_that_was_deleted_is_durable_again_before_anybody_trusts_the_manifest(state: Path) -> None:
    ledger = Ledger.create(state, noon)
    post(ledger, "a")
    ledger.checkpoint()
    before = (state / "state_manifest.json").read_bytes()
    (state / "transactions.csv").unlink()
    disk = RecordingDisk()
    ledger = Ledger.open(state, noon, disk)
    assert during(disk, ledger.checkpoint) == ["sync", "sync", "sync folder"]  # the journal, the table, its name
    assert during(disk, ledger.checkpoint) == []
    assert (state / "state_manifest.json").read_bytes() == before
