"""`cache-prune` as a person runs it: real entries of real runs here, and an Actions cache over HTTP."""
import csv
import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platform.errors import ForbiddenError, RemoteError
from platform.releases.api import Api
from platform.retention.actions import ActionsCache, entries
from tests.releases.fake_github import CUT, CUT_AFTER, TOKEN, Fault
from tests.retention.fake_caches import FakeCaches
from tests.support import BOOT, LONGEST_WAIT_S, command, delivered, line_of, repository, rows

PRUNE = "python -m platform.cli cache-prune"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = delivered(tmp_path / "repo")
    assert len(cached(made)) == 3, "two steps that say and one that packs; a delivery is never cached"
    return made


def cached(repo: Path) -> list[Path]:
    return sorted(path for path in (repo / "runtime/cache").glob("*/*") if not path.is_symlink())


def age(entry: Path, days: int) -> None:
    file = entry / "entry.json"
    record = json.loads(file.read_text())
    then = datetime.now(UTC) - timedelta(days=days)
    file.write_text(json.dumps({**record, "finished_at": then.strftime("%Y-%m-%dT%H:%M:%SZ")}))


def everything(folder: Path) -> dict[str, bytes]:
    """All files but the cache, the index of it, and what a session learns."""
    learnt = ("cache_index.csv", ".lock", "digests.json", "valid.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and "cache" not in path.parts and path.name not in learnt}


def test_a_run_leaves_an_index_of_what_is_cached(repo: Path) -> None:
    index = rows(repo / ".billing-state/cache_index.csv")
    assert [(row["place"], row["type"], row["ref"]) for row in index] == [
        ("local", "result", f"{entry.parent.name}/{entry.name}") for entry in cached(repo)]
    kept = sorted(datetime.fromisoformat(row["expires_at"]) - datetime.fromisoformat(row["created_at"])
                  for row in index)
    assert kept == [timedelta(weeks=1), timedelta(weeks=4), timedelta(weeks=4)], "package_std's contract says 1w"
    for line in ("ledger verify", "ledger fsck", "integrity-validate"):
        done = command(repo, f"python -m platform.cli {line}")
        assert done.returncode == 0, done.stdout + done.stderr
    manifest = json.loads((repo / ".billing-state/state_manifest.json").read_text())
    assert "cache_index.csv" not in manifest["files"], "the ledger does not vouch for it"


def test_what_is_over_goes_and_nothing_else(repo: Path) -> None:
    old, *young = sorted(cached(repo), key=lambda entry: "package_std" in (entry / "entry.json").read_text())
    young.sort()
    age(old, 29)
    age(young[0], 6)
    before = everything(repo)
    dry = json.loads(command(repo, f"{PRUNE} --dry-run --json").stdout)
    assert ([one["ref"] for one in dry["deleted"]], dry["kept"], len(cached(repo))) == ([f"tenant/{old.name}"], 2, 3)
    done = command(repo, PRUNE)
    assert done.returncode == 0, done.stderr
    assert f"deleted   local    result   tenant/{old.name}  expired " in done.stdout
    assert "1 deleted, 2 kept" in done.stdout and "the Actions cache was not checked" in done.stdout
    assert (cached(repo), everything(repo)) == (young, before)
    index = rows(repo / ".billing-state/cache_index.csv")
    assert [row["ref"] for row in index] == [f"tenant/{one.name}" for one in young]
    assert command(repo, PRUNE).stdout.startswith("0 deleted, 2 kept")
    again = command(repo, "doit run")
    assert "nothing posted" in again.stdout and "4 up to date" in again.stdout, "a pruned cache makes nothing due"


def test_the_contract_may_say_less_than_the_profile(repo: Path) -> None:
    contract = repo / "modules/say/module.yml"
    contract.write_text(contract.read_text() + "cache: {retention: 2d}\n")
    modules = {entry: json.loads((entry / "entry.json").read_text())["module_id"] for entry in cached(repo)}
    for entry in modules:
        age(entry, 3)
    assert command(repo, PRUNE).returncode == 0
    assert [modules[entry] for entry in cached(repo)] == ["package_std"]


def test_torn_entries_go_and_what_is_not_ours_stays(repo: Path, tmp_path: Path) -> None:
    cache, outside = repo / "runtime/cache", tmp_path / "outside"
    whole, torn, bare = cached(repo)
    (torn / "entry.json").write_text("{")
    (bare / "entry.json").unlink()
    left = cache / "tenant/.k1ll3d_"
    shutil.copytree(whole, left)
    shutil.copytree(whole, outside)
    age(outside, 400)
    stays = [cache / "tenant" / ("0" * 64), cache / "Linked", cache / "tenant/notes", cache / "tenants" / ("1" * 64)]
    stays[0].symlink_to(outside)
    stays[1].symlink_to(outside.parent)
    for folder in stays[2:]:
        shutil.copytree(outside, folder)
    (cache / "tenant/readme.txt").write_text("ours?")
    (whole / "outputs/link").symlink_to(outside)
    age(whole, 400)
    done = command(repo, PRUNE)
    assert (done.returncode, "4 deleted, 0 kept" in done.stdout) == (0, True), done.stdout + done.stderr
    assert not any(path.exists() for path in (whole, torn, bare, left))
    assert all(path.exists() for path in (*stays, cache / "tenant/readme.txt", outside / "entry.json"))


def test_a_cache_that_is_a_link_is_not_followed(repo: Path) -> None:
    (repo / "runtime/cache").rename(repo / "elsewhere")
    (repo / "runtime/cache").symlink_to(repo / "elsewhere")
    for entry in (repo / "elsewhere").glob("*/*"):
        age(entry, 400)
    assert command(repo, PRUNE).stdout.startswith("0 deleted, 0 kept")
    assert len(list((repo / "elsewhere").glob("*/*"))) == 3


@pytest.mark.slow
def test_it_waits_for_a_run(repo: Path) -> None:
    """A run may be copying what is over just now."""
    age(cached(repo)[0], 400)
    handle = os.open(repo / "runtime/.lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    prune = subprocess.Popen([sys.executable, "-c", BOOT, "cache-prune"], cwd=repo, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    assert "waiting for another run" in line_of(prune.stderr)
    assert len(cached(repo)) == 3
    os.close(handle)
    assert (prune.communicate(timeout=LONGEST_WAIT_S)[0].startswith("deleted"), len(cached(repo))) == (True, 2)


def test_without_a_state_there_is_no_index_and_without_a_cache_nothing_to_do(tmp_path: Path) -> None:
    made = repository(tmp_path / "repo")
    done = command(made, f"{PRUNE} --place local --json")
    assert (done.returncode, json.loads(done.stdout)["deleted"]) == (0, [])
    assert not (made / ".billing-state").exists()


@pytest.mark.parametrize(("line", "status", "told"), [
    ("--place actions", 2, "--place actions: the Actions cache was not checked"),
    ("--place everywhere", 2, "invalid choice"),
])
def test_mistakes_are_one_line(repo: Path, line: str, status: int, told: str) -> None:
    done = command(repo, f"{PRUNE} {line}")
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (status, True, False)


def test_a_retention_that_is_none_is_an_error_and_deletes_nothing(repo: Path) -> None:
    profile = repo / "config/runtime_profile.yml"
    profile.write_text(profile.read_text().replace("cache_retention: 4w", "cache_retention: 4 weeks"))
    for entry in cached(repo):
        age(entry, 400)
    done = command(repo, PRUNE)
    assert (done.returncode, "config/runtime_profile.yml:" in done.stderr, len(cached(repo))) == (10, True, 3)


# the Actions cache

NOW = datetime.now(UTC)


@pytest.fixture
def github() -> Iterator[FakeCaches]:
    with FakeCaches() as fake:
        for number, days in enumerate((90, 60, 30, 3, 1), 1):
            fake.save(f"runtime-nxlkGI-{number}-1", NOW - timedelta(days=days))
        fake.save("runtime-q7RwTz-1-1", NOW - timedelta(days=90))  # the only one of its tenant
        fake.save("runtime-node_modules", NOW - timedelta(days=90))
        fake.save("setup-python-Linux-x", NOW - timedelta(days=90))
        yield fake


def cache_of(github: FakeCaches, token: str = TOKEN) -> ActionsCache:
    return ActionsCache(Api(github.repository, token, github.host, "GITHUB_TOKEN", github.sleep, "actions: write"))


@pytest.mark.slow
def test_the_actions_cache_loses_what_is_over_and_nothing_else(tmp_path: Path, github: FakeCaches) -> None:
    repo = delivered(tmp_path / "repo")
    (repo / "config/runtime_profile.yml").write_text(json.dumps({
        "profile_id": "remote", "release_store": github.profile(), "cache_retention": "2w"}))
    before = list(github.keys)
    told = command(repo, f"{PRUNE} --place actions --dry-run", **github.env()).stdout
    assert told.count("to delete actions") == 3 and github.keys == before
    assert not any(request.method == "DELETE" for request in github.requests)
    done = command(repo, PRUNE, **github.env())
    assert done.returncode == 0, done.stderr
    over = {f"runtime-nxlkGI-{number}-1" for number in (1, 2, 3)}
    assert github.keys == [key for key in before if key not in over]
    found = list(csv.DictReader(io.StringIO((repo / ".billing-state/cache_index.csv").read_text())))
    assert {row["ref"] for row in found if row["place"] == "actions"} == {
        f"{key}@refs/heads/main" for key in ("runtime-nxlkGI-4-1", "runtime-nxlkGI-5-1", "runtime-q7RwTz-1-1")}
    assert len([row for row in found if row["place"] == "local"]) == 3
    assert command(repo, "doit run -a step:tenant/tea/one").returncode == 0  # a run knows nothing new of that place
    assert sum(row["place"] == "actions" for row in rows(repo / ".billing-state/cache_index.csv")) == 3
    assert TOKEN not in done.stdout + done.stderr


def test_every_page_is_read_before_anything_is_deleted(github: FakeCaches) -> None:
    for number in range(230):
        github.save(f"runtime-AbCdEf-{number}-1", NOW - timedelta(days=100, seconds=number))
    cache = cache_of(github)
    listed = entries(cache.listed(), "1w")
    assert [request.query["page"] for request in github.requests] == ["1", "2", "3"]
    assert {request.query["key"] for request in github.requests} == {"runtime-"}
    assert sum(entry.ref.startswith("runtime-AbCdEf-") for entry in listed) == 230
    assert sum(entry.expires_at is None for entry in listed) == 3  # the newest of three tenants


def test_what_is_gone_already_is_no_error_and_a_broken_answer_is_asked_for_again(github: FakeCaches) -> None:
    cache = cache_of(github)
    entry = next(entry for entry in entries(cache.listed(), "1w") if entry.ref.startswith("runtime-nxlkGI-1-"))
    github.at(1, CUT_AFTER)  # it was deleted, and nobody was told: the second try finds nothing
    cache.delete(entry)
    cache.delete(entry)
    assert "runtime-nxlkGI-1-1" not in github.keys and github.slept
    for number, fault in ((1, CUT), (2, Fault(503)), (3, Fault(429, headers={"Retry-After": "7"}))):
        github.at(number, fault)
    assert len(cache.listed()) == 7 - 1
    assert github.slept[-1] == 7


@pytest.mark.parametrize(("token", "error", "told"), [
    ("wrong", ForbiddenError, "GitHub refuses the token in GITHUB_TOKEN"),
    ("reader", ForbiddenError, "give it `actions: write` on harbour/ledger"),
])
def test_a_token_that_may_not_is_told_what_it_lacks(github: FakeCaches, token: str, error: type[Exception],
                                                    told: str) -> None:
    github.access = {TOKEN: "write", "reader": "read"}
    before, entry = list(github.keys), entries(cache_of(github).listed(), "1w")[0]
    with pytest.raises(error, match=told):
        cache_of(github, token).delete(entry)
    assert github.keys == before


def test_what_is_not_github_is_said_to_be_none(github: FakeCaches) -> None:
    github._listed = lambda query: {"message": "hello"}  # type: ignore[method-assign]
    with pytest.raises(RemoteError, match="does not answer as GitHub's API does"):
        cache_of(github).listed()
