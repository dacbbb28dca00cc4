"""A folder as provider: the package is there whole or not at all, and is looked for before and after."""
import dataclasses
from datetime import UTC, datetime

import pytest

from platform import owned
from platform.confined import Folder
from platform.delivery import folder
from platform.delivery.flow import deliver
from platform.delivery.folder import FolderProvider


def now() -> datetime:
    return datetime(2026, 11, 24, tzinfo=UTC)


def test_a_package_and_its_manifest_lie_at_the_remote_path(parcel, tmp_path):
    delivery = deliver(FolderProvider(tmp_path / "put"), parcel, now)
    put = tmp_path / "put/nxlkGI/UbjkpxZO/run0/deliver/package_artifacts"
    assert sorted(path.name for path in put.iterdir()) == ["manifest.json", "package.zip"]
    assert (put / "package.zip").read_bytes() == parcel.package.read_bytes()
    assert delivery.receipt.verification_status == "verified"
    assert delivery.receipt.remote_path == parcel.remote_path


def test_a_second_delivery_touches_nothing(parcel, tmp_path):
    provider = FolderProvider(tmp_path / "put")
    deliver(provider, parcel, now)
    target = tmp_path / "put" / parcel.remote_path
    before = target.stat()
    assert deliver(provider, parcel, now).receipt.verification_status == "already_exists_verified"
    assert target.stat() == before


def test_a_repaired_package_takes_the_place_of_the_first(parcel, tmp_path):
    provider = FolderProvider(tmp_path / "put")
    target = tmp_path / "put" / parcel.remote_path
    target.parent.mkdir(parents=True)
    target.write_bytes(b"the package before the repair")
    assert deliver(provider, parcel, now).completed
    assert target.read_bytes() == parcel.package.read_bytes()


def test_a_full_disk_leaves_nothing_behind_and_is_refundable(parcel, tmp_path, monkeypatch):
    def full(read, write, length):
        write.write(read.read(5))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder.shutil, "copyfileobj", full)
    delivery = deliver(FolderProvider(tmp_path / "put"), parcel, now)
    assert (delivery.completed, delivery.reason_slug) == (False, "delivery_failed")
    assert "No space left" in delivery.message
    assert [path for path in (tmp_path / "put").rglob("*") if path.is_file()] == []


def test_a_rename_that_happened_before_the_error_counts_as_delivered(parcel, tmp_path, monkeypatch):
    """The folder breaks off after the package is in place: asked again, it has it."""
    def broken(_: Folder) -> None:
        if (tmp_path / "put" / parcel.remote_path).exists():
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(owned, "make_durable", broken)
    delivery = deliver(FolderProvider(tmp_path / "put"), parcel, now)
    assert (delivery.completed, delivery.reason_slug) == (True, "verified_after_transient_error")


def test_a_file_where_the_folder_should_be_is_a_certain_failure(parcel, tmp_path):
    (tmp_path / "put").write_text("a file")
    delivery = deliver(FolderProvider(tmp_path / "put"), parcel, now)
    assert (delivery.completed, delivery.reason_slug, delivery.receipt) == (False, "delivery_failed", None)


def test_a_folder_that_breaks_off_and_cannot_be_read_is_unverified(parcel, tmp_path, monkeypatch):
    def gone(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(owned, "make_durable", gone)
    monkeypatch.setattr(folder, "sha256_of", gone)
    delivery = deliver(FolderProvider(tmp_path / "put"), dataclasses.replace(parcel, manifest=None), now)
    assert (delivery.completed, delivery.reason_slug) == (False, "unverified")
    assert delivery.receipt.verification_status == "unverified"


@pytest.mark.parametrize("place", ["nxlkGI", "nxlkGI/UbjkpxZO", "nxlkGI/UbjkpxZO/run0/deliver/package_artifacts"])
def test_nothing_is_delivered_through_a_link(parcel, tmp_path, place):
    victim = tmp_path / "victim"
    victim.mkdir()
    (tmp_path / "put" / place).parent.mkdir(parents=True)
    (tmp_path / "put" / place).symlink_to(victim)
    delivery = deliver(FolderProvider(tmp_path / "put"), parcel, now)
    assert (delivery.completed, "is a symbolic link" in delivery.message, list(victim.rglob("*"))) == (False, True, [])


def test_a_package_that_became_a_link_is_not_delivered(parcel, tmp_path):
    secret = tmp_path / "secret"
    parcel.package.rename(secret)
    parcel.package.symlink_to(secret)
    assert not deliver(FolderProvider(tmp_path / "put"), parcel, now).completed
    assert not (tmp_path / "put" / parcel.remote_path).exists()
