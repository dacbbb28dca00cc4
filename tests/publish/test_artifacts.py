"""Who may read what was published, and what is fetched."""
import base64
import json

import pytest

from platform.model.digest import sha256_hex
from tests.support import command

ARTIFACTS = "python -m platform.cli artifacts --runtime-profile config/folder.yml --tenant-id tenant"


@pytest.fixture
def repo(repo):
    (repo / "config" / "folder.yml").write_text("profile_id: folder\nrelease_store: {type: folder, dir: releases}\n")
    for tenant_id in ("friend", "others"):
        (repo / "tenants" / tenant_id).mkdir()
        (repo / "tenants" / tenant_id / "tenant.yml").write_text(f"tenant_id: {tenant_id}\ntenant_name: {tenant_id}\n")
    with (repo / "tenants/tenant/tenant.yml").open("a") as file:
        file.write("allow_release_consumers: [friend]\n")
    done = command(repo, "python scripts/publish_artifacts_release.py --runtime-profile config/folder.yml")
    assert done.returncode == 0, done.stderr
    return repo


def test_its_owner_and_whom_it_allows_fetch_packages_with_their_statements(repo):
    for reader in ("", "--reader-id tenant", "--reader-id friend"):
        done = command(repo, f"{ARTIFACTS} {reader} --fetch got{len(reader)} --json")
        assert done.returncode == 0, done.stderr
        rows = json.loads(done.stdout)["artifacts"]
        assert [row["deliverable_id"] for row in rows] == ["said", "package_artifacts"]
        assert sorted(path.name for path in (repo / f"got{len(reader)}").iterdir()) == sorted(
            name for row in rows for name in (row["artifact_name"], row["artifact_name"] + ".intoto.json"))


def test_nobody_else_reads_even_the_list(repo):
    done = command(repo, f"{ARTIFACTS} --reader-id others")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (17, "", 1)
    assert done.stderr.startswith("unauthorized_release_access: tenant does not share")
    other_way = command(repo, ARTIFACTS.replace("--tenant-id tenant", "--tenant-id friend --reader-id tenant"))
    assert other_way.returncode == 17  # to be read is not to read


@pytest.mark.parametrize("option", ["--reader-id friends", "--tenant-id tenent"])
def test_a_tenant_that_there_is_not_is_told(repo, option):
    done = command(repo, f"{ARTIFACTS} {option}")
    assert (done.returncode, "did you mean" in done.stderr) == (2, True)


@pytest.mark.parametrize("damage", ["edited", "gone", "both", "statement"])
def test_what_is_not_what_was_published_is_not_handed_on(repo, damage):
    package = next((repo / "releases").rglob("*said*.zip"))
    if damage == "gone":
        package.unlink()
    elif damage == "statement":
        package.with_name(package.name + ".intoto.json").write_text("{}")
    else:
        package.write_bytes(b"other")
    if damage == "both":  # a statement about the other bytes, as whoever can write there could put it
        statement = package.with_name(package.name + ".intoto.json")
        told = json.loads(statement.read_bytes())
        payload = base64.b64decode(told["payload"])
        sha256 = json.loads(payload)["subject"][0]["digest"]["sha256"]
        forged = payload.replace(sha256.encode(), sha256_hex(b"other").encode())
        statement.write_text(json.dumps({**told, "payload": base64.b64encode(forged).decode()}))
    done = command(repo, f"{ARTIFACTS} --fetch got")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (13, "", 1)
    assert list((repo / "got").glob("*said*")) == []
