"""Stories of publishing: an order that was run in; files, evidence and refunds out."""
import json
import shutil
import zipfile

import pytest

from platform.model.since import FORMS
from tests.support import accept_loss, command, rows

SIMULATE = "python scripts/publish_artifacts_release.py --no-publish"
PUBLISH = "python scripts/publish_artifacts_release.py --runtime-profile config/folder.yml"


@pytest.fixture
def store(repo):
    """The folder that the profile config/folder.yml publishes to."""
    (repo / "config" / "folder.yml").write_text(
        "profile_id: folder\nrelease_store: {type: folder, dir: releases, tag_prefix: dev-}\n"
        "delivery: {folder: {root_dir: deliveries}}\n")
    return repo / "releases"


def evidence(repo):
    return rows(repo / ".billing-state" / "published_artifacts.csv")


def journal(repo):
    return (repo / ".billing-state" / "journal.csv").read_bytes()


def zips(folder):
    return {path.relative_to(folder).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(folder.rglob("*")) if path.is_file()}


def refundable(repo):
    """Let reasons.yml say that what is missing at publishing is paid back."""
    file = repo / "config" / "reasons.yml"
    old = "delivery_missing, scope: global, category: delivery, refundable: false"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, old.replace("false", "true")))


def test_each_purchase_becomes_one_zip_of_its_promised_outputs_and_one_row_of_evidence(repo):
    done = command(repo, SIMULATE)
    assert (done.returncode, done.stderr) == (0, "")
    told = evidence(repo)
    assert [(row["step_id"], row["deliverable_id"], row["status"]) for row in told] == [
        ("one", "said", "simulated"), ("package", "package_artifacts", "simulated")]
    with zipfile.ZipFile(repo / "runtime" / told[0]["uri"].removeprefix("file:")) as archive:
        assert archive.namelist() == ["manifest.csv", "manifest.json", "outputs/said.txt"]
        assert archive.read("outputs/said.txt") == b"tea\n"
    bought = {row["transaction_item_id"]: row for row in rows(repo / ".billing-state" / "transaction_items.csv")}
    assert [bought[row["transaction_item_id"]]["deliverable_id"] for row in told] == ["said", "package_artifacts"]
    task_hash = json.loads(bought[told[0]["transaction_item_id"]]["metadata_json"])["task_hash"]
    assert told[0]["artifact_name"] == f"tenant-tea-one-said-{task_hash[:12]}.zip"


def test_twice_adds_no_evidence_and_rewrites_no_byte(repo):
    command(repo, SIMULATE)
    before = journal(repo), zips(repo / "runtime" / "published")
    done = command(repo, SIMULATE)
    assert (done.returncode, done.stdout) == (0, "nothing to publish\n")
    assert (journal(repo), zips(repo / "runtime" / "published")) == before


def test_a_kill_between_the_file_and_its_evidence_costs_nothing(repo, tmp_path):
    shutil.copytree(repo / ".billing-state", tmp_path / "before")
    command(repo, SIMULATE)
    files, told = zips(repo / "runtime" / "published"), evidence(repo)
    shutil.rmtree(repo / ".billing-state")
    shutil.copytree(tmp_path / "before", repo / ".billing-state")
    accept_loss(repo)
    assert command(repo, SIMULATE).returncode == 0
    assert zips(repo / "runtime" / "published") == files
    assert [row["sha256"] for row in evidence(repo)] == [row["sha256"] for row in told]


def test_since_leaves_out_what_was_charged_before(repo):
    command(repo, f"{SIMULATE} --since 2999-01-01T00:00:00Z")
    assert evidence(repo) == []
    command(repo, f"{SIMULATE} --since 1970-01-01T00:00:00Z")
    assert len(evidence(repo)) == 2


@pytest.mark.parametrize("since", ["tomorrow", "2026-13-01", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_one_line(repo, since):
    done = command(repo, f"{SIMULATE} --since {since}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"--since '{since}' is not a time; write {FORMS}\n"


def test_last_is_all_that_has_no_evidence(repo):
    assert command(repo, f"{SIMULATE} --since last").returncode == 0
    assert len(evidence(repo)) == 2


def test_one_order_can_be_asked_for_and_only_with_its_tenant(repo):
    for ids, told in (("--tenant-id tenant --work-order-id coffee", "tenant/coffee: no such work order; write `tea`\n"),
                      ("--tenant-id tennant", "tennant: no such tenant; did you mean `tenant`?\n")):
        done = command(repo, f"{SIMULATE} {ids}")
        assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
    assert evidence(repo) == []
    assert command(repo, f"{SIMULATE} --work-order-id tea").returncode == 2
    assert command(repo, f"{SIMULATE} --tenant-id tenant --work-order-id tea").returncode == 0
    assert len(evidence(repo)) == 2


def test_a_name_that_has_other_bytes_is_a_conflict_and_stops_no_other(repo, store):
    command(repo, SIMULATE)
    name = evidence(repo)[0]["artifact_name"]
    taken = store / "dev-artifacts-tenant" / name
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"other")
    done = command(repo, PUBLISH)
    assert (done.returncode, taken.read_bytes()) == (11, b"other")
    assert "already exists with other bytes" in done.stdout
    assert [row["step_id"] for row in evidence(repo) if row["status"] == "published"] == ["package"]


def test_a_simulation_writes_over_what_an_earlier_one_left(repo):
    command(repo, SIMULATE)
    file = repo / "runtime" / "published" / "artifacts-tenant" / evidence(repo)[0]["artifact_name"]
    before = file.read_bytes()
    file.write_bytes(b"other")
    shutil.rmtree(repo / ".billing-state")
    accept_loss(repo)
    assert command(repo, "doit run publish no_publish=1").returncode == 0
    assert file.read_bytes() == before


def test_a_profile_that_cannot_upload_says_so_and_writes_nothing(repo):
    before = journal(repo)
    for profile in ("runtime_profile.yml", "runtime_profile.dev_github.yml"):
        done = command(repo, f"python scripts/publish_artifacts_release.py --runtime-profile config/{profile}")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (17, "", 1)
    assert journal(repo) == before
    assert not (repo / "runtime" / "published").exists()


def test_a_folder_store_takes_what_was_only_simulated_before(repo, store):
    command(repo, SIMULATE)
    assert command(repo, PUBLISH).returncode == 0
    assert [row["status"] for row in evidence(repo)] == ["simulated", "simulated", "published", "published"]
    assert evidence(repo)[2]["uri"].startswith("file:releases/dev-artifacts-tenant/tenant-tea-one-said-")
    assert [content for *_, content in zips(store).values()] == [
        content for *_, content in zips(repo / "runtime" / "published").values()]


@pytest.mark.parametrize("damage", ["deleted", "edited"])
def test_a_damaged_output_is_reported_and_stops_no_other(repo, store, damage):
    output = repo / "runtime/tenant/tea/one/outputs/said.txt"
    output.unlink() if damage == "deleted" else output.write_text("ted\n")
    done = command(repo, f"{PUBLISH} --json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert [row["deliverable_id"] for row in told["published"]] == ["package_artifacts"]
    assert [(row["deliverable_id"], row["reason"], row["refunded_credits"]) for row in told["missing"]] == [
        ("said", "delivery_missing", 0)]
    assert [row["deliverable_id"] for row in evidence(repo)] == ["package_artifacts"]
    command(repo, "doit run")
    assert command(repo, PUBLISH).returncode == 0


def test_where_the_policy_says_so_the_deliverable_alone_is_refunded_once_and_bought_again(repo, store):
    refundable(repo)
    (repo / "runtime/tenant/tea/one/outputs/said.txt").unlink()
    assert "2 credits refunded" in command(repo, PUBLISH).stdout
    assert command(repo, PUBLISH).returncode == 0
    items = [row for row in rows(repo / ".billing-state" / "transaction_items.csv") if row["type"] == "REFUND"]
    assert [(row["deliverable_id"], row["amount_credits"]) for row in items] == [("said", "2")]
    assert "charged      tenant/tea  2 credits" in command(repo, "doit run").stdout
    assert command(repo, PUBLISH).returncode == 0
    assert [row["deliverable_id"] for row in evidence(repo)] == ["package_artifacts", "said"]


def test_neither_a_simulation_nor_a_wrong_runtime_folder_refunds_anything(repo, store):
    refundable(repo)
    before = journal(repo)
    done = command(repo, f"{PUBLISH} --runtime-dir elsewhere")
    assert (done.returncode, "has not run here" in done.stdout) == (1, True)
    (repo / "runtime/tenant/tea/one/outputs/said.txt").unlink()
    (repo / "runtime/tenant/tea/package/outputs/package.zip").unlink()
    assert command(repo, SIMULATE).returncode == 1
    assert journal(repo) == before


def test_outputs_of_an_earlier_version_are_never_sold_as_the_later_one(repo, store):
    order = repo / "tenants/tenant/workorders/tea.yml"
    order.write_text(order.read_text().replace("text: tea", "text: coffee"))
    command(repo, "doit run")
    told = json.loads(command(repo, f"{PUBLISH} --json").stdout)
    assert len(told["published"]) == len(told["missing"]) == 2
    assert all("another version of the order" in row["message"] for row in told["missing"])


def test_without_a_billing_state_there_is_nothing_to_publish_from(repo):
    done = command(repo, f"{SIMULATE} --billing-state-dir nowhere")
    assert (done.returncode, done.stderr.count("\n")) == (14, 1)
    assert not (repo / "nowhere").exists()


def test_a_folder_without_a_name_is_told(repo):
    (repo / "config" / "folder.yml").write_text("profile_id: folder\nrelease_store: {type: folder}\n")
    done = command(repo, PUBLISH)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (17, "", 1)


def test_what_another_machine_published_is_known_here_when_the_state_is_shared(repo, store, tmp_path):
    profile = repo / "config" / "folder.yml"
    profile.write_text(profile.read_text().replace("dir: releases", f"dir: {tmp_path / 'shared'}")
                       + "billing_state: {dir: .billing-state, release: required}\n")
    first = command(repo, "python -m platform.cli state init --runtime-profile config/folder.yml")
    assert first.returncode == 0, first.stderr
    elsewhere = shutil.copytree(repo, tmp_path / "elsewhere")
    assert command(repo, PUBLISH).returncode == 0
    done = command(elsewhere, PUBLISH)
    assert (done.returncode, done.stdout) == (0, "nothing to publish\n"), done.stderr
    assert evidence(elsewhere) == evidence(repo) != []
