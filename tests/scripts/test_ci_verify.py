"""ci_verify.py: each phase passes on a good repository, and names the check that fails on a bad one."""
import json
import shutil
import subprocess

import pytest

from platform.check.conform import faults, validator
from platform.config.schema import schema
from tests.support import ROOT, command

VERIFY = "python scripts/ci_verify.py --tenant-id tenant --work-order-id tea --phase"


def verify(repo, phase):
    done = command(repo, f"{VERIFY} {phase}")
    assert (done.stderr, done.returncode) == ("", done.stdout.count("FAILED") > 0)
    return [line for line in done.stdout.splitlines() if line.startswith("FAILED")], done.stdout.splitlines()[-1]


def edit(path, old, new):
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def small(repo):
    """The repository with two modules only: each module's self-test costs a process."""
    for folder in (repo / "modules").iterdir():
        if folder.name not in ("say", "package_std", "deliver_folder"):
            shutil.rmtree(folder)
    prices = (repo / "config/module_prices.csv").read_text().splitlines(keepends=True)
    known = ("module_id,", "say,", "package_std,", "deliver_folder,")
    (repo / "config/module_prices.csv").write_text("".join(line for line in prices if line.startswith(known)))
    return repo


def test_pre_passes_and_names_every_check(small):
    done = command(small, f"{VERIFY} pre --json")
    told = json.loads(done.stdout)
    names = [check["name"] for check in told["checks"]]
    assert (done.returncode, told["ok"], names[:2]) == (0, True, ["consistency", "prices"])
    assert {"schema order_record", "self-test say", "self-test package_std"} <= set(names)


def test_pre_tells_a_broken_order_a_missing_price_and_a_module_that_fails_its_self_test(small):
    edit(small / "tenants/tenant/workorders/tea.yml", "kind: delivery", "kind: transform")
    edit(small / "config/module_prices.csv", "say,said,2", "say,sad,2")
    edit(small / "modules/say/src/run.py", "said.txt", "sad.txt")
    failed, verdict = verify(small, "pre")
    assert [line.split()[1] for line in failed[:2]] == ["consistency", "prices"]
    assert failed[2].startswith("FAILED  self-test say  undeclared_output: ")
    assert verdict.startswith("pre: 3 of ")


@pytest.mark.slow
def test_e2e_runs_the_readmes_sequence_and_leaves_nothing(repo):
    before = sorted(path for path in repo.rglob("*") if not {"runtime", "__pycache__"} & set(path.parts))
    state = (repo / ".billing-state/journal.csv").read_bytes()
    done = command(repo, f"{VERIFY} e2e")
    assert (done.returncode, done.stdout.splitlines()[-2:]) == (
        0, ["ok      ledger audit  0 unexplained", "e2e: 9 checks ok"]), done.stdout
    assert sorted(path for path in repo.rglob("*") if not {"runtime", "__pycache__"} & set(path.parts)) == before
    assert (repo / ".billing-state/journal.csv").read_bytes() == state


@pytest.mark.slow
def test_e2e_tells_an_order_that_does_not_complete(repo):
    edit(repo / "tenants/tenant/workorders/tea.yml", "text: milk", "fail: external_api_error, text: milk")
    failed, verdict = verify(repo, "e2e")
    assert failed[0].startswith("FAILED  orchestrator, first run  exit 1: ")
    assert any(line.startswith("FAILED  chaining") for line in failed)
    assert "FAILED" in verdict


@pytest.mark.slow
def test_post_passes_on_what_a_good_run_left(repo):
    assert verify(repo, "post") == ([], "post: 3 checks ok")


@pytest.mark.slow
def test_post_tells_a_damaged_output_and_a_damaged_ledger(repo):
    (repo / "runtime/tenant/tea/one/outputs/said.txt").write_text("ted\n")
    assert verify(repo, "post")[0][0].startswith("FAILED  integrity-validate  exit 1: ")
    edit(repo / ".billing-state/transactions.csv", ",-14,", ",-1,")
    assert verify(repo, "post")[0][0].startswith("FAILED  integrity-validate  exit 13: ")


@pytest.mark.slow
def test_post_tells_a_credit_that_nothing_explains(repo):
    edit(repo / "config/module_prices.csv", "say,said,2", "say,said,3")
    assert verify(repo, "post")[0][0].startswith("FAILED  ledger audit  exit 1: .billing-state/journal.csv:")


@pytest.mark.slow
def test_post_tells_a_tracked_file_that_a_run_changed(repo):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.test", *words], cwd=repo, check=True,
                       capture_output=True)

    git("init")
    git("add", "config", "tenants")
    git("commit", "-m", "all")
    assert verify(repo, "post")[0] == []
    edit(repo / "tenants/tenant/tenant.yml", "A tenant", "Another tenant")
    assert verify(repo, "post")[0] == ["FAILED  git  changed: tenants/tenant/tenant.yml"]


def test_e2e_of_an_order_that_is_not_there_is_a_usage_error(repo):
    done = command(repo, "python scripts/ci_verify.py --phase e2e --work-order-id nowhere")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert "work order nxlkGI/nowhere does not exist" in done.stderr


def test_a_phase_that_is_none_is_a_usage_error(repo):
    assert command(repo, f"{VERIFY} deploy").returncode == 2


def test_an_orders_record_conforms_to_its_schema(repo):
    record = json.loads((repo / "runtime/tenant/tea/order.json").read_text())
    assert faults(validator(schema("order_record")), record) == []
    for wrong in ({"reason": "timed_out"}, {"pending": 1}, {"status": "PARTIAL"}, {"task_hashes": {"one": "x"}}):
        assert faults(validator(schema("order_record")), {**record, **wrong}) != []


@pytest.mark.parametrize("name", [path.name for path in sorted((ROOT / "scripts").glob("*.py"))
                                  if path.name not in ("docs_hook.py", "check_wheel.py", "publish_wheel.py")])
def test_every_script_explains_itself_and_refuses_to_run_outside_a_workspace(name, tmp_path):
    """MkDocs imports one; two are about the tool itself and not about a workspace."""
    assert command(tmp_path, f"python scripts/{name} --help").returncode == 0
    words = {"ci_verify.py": "--phase pre", "publish_artifacts_release.py": "--no-publish",
             "order_matrix.py": "--scheduled", "verify_platform.py": "", "verify_module.py": "--module-id say"}
    done = command(tmp_path, f"python scripts/{name} {words.get(name, '--tenant-id tenant --work-order-id tea')}")
    assert (done.returncode, "not inside a workspace" in done.stderr, done.stdout) == (2, True, "")
