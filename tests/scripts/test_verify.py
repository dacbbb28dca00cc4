"""verify_platform.py, verify_module.py, verify_workorder.py: all is well with a good repository; for everything that
can be broken there is one check that says so; and nothing of the repository's own is touched."""
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT, command, started
from tests.support import rows as rows_of

PLATFORM = "python scripts/verify_platform.py"
MODULE = "python scripts/verify_module.py --module-id say"
ORDER = "python scripts/verify_workorder.py --tenant-id tenant --work-order-id tea"


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text(), path
    path.write_text(path.read_text().replace(old, new))


def git(repo: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.test", *words], cwd=repo, check=True,
                   capture_output=True)


def verdict(repo: Path, line: str) -> tuple[int, list[str]]:
    """The exit status, and the names of the checks that failed."""
    done = command(repo, f"{line} --json")
    told = json.loads(done.stdout)
    failed = [check["name"] for check in told["checks"] if not check["ok"]]
    assert told["ok"] == (not failed), done.stderr
    return done.returncode, failed


@pytest.fixture
def whole(repo: Path) -> Path:
    """The repository with workflows, derived files and git."""
    shutil.copytree(ROOT / ".github", repo / ".github")
    shutil.copy(ROOT / ".gitignore", repo)
    assert command(repo, "doit run maintenance").returncode == 0
    git(repo, "init")
    git(repo, "add", ".")
    return repo


def a_wrong_kind(repo: Path) -> None:
    edit(repo / "tenants/tenant/workorders/tea.yml", "kind: delivery", "kind: transform")


def no_price(repo: Path) -> None:
    edit(repo / "config/module_prices.csv", "say,said,2", "say,sad,2")


def a_changed_module(repo: Path) -> None:
    edit(repo / "modules/say/src/run.py", "said.txt", "sad.txt")


def an_edited_table(repo: Path) -> None:
    edit(repo / "maintenance-state/tenant_relationships.csv", "tenant,tenant", "tenant,friend")


def an_unsafe_workflow(repo: Path) -> None:
    shutil.copy(ROOT / "tests/workflows/bad/runs_a_forks_code.yml", repo / ".github/workflows")


def an_unsafe_action(repo: Path) -> None:
    edit(repo / ".github/actions/setup/action.yml", "python-version: ", "token: ${{ github.token }}\n        a: ")


def a_tracked_ledger(repo: Path) -> None:
    git(repo, "add", "--force", ".billing-state/journal.csv")


def a_tracked_secret(repo: Path) -> None:
    (repo / "config" / "notes.md").write_text("one\ngh" + "p_" + "a1B2" * 9 + "\n")
    git(repo, "add", "config")


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "status", "checks"), [
    (a_wrong_kind, 10, ["consistency", "maintenance"]),
    (no_price, 10, ["consistency", "prices", "maintenance"]),
    (a_changed_module, 1, ["maintenance"]),
    (an_edited_table, 1, ["maintenance"]),
    (an_unsafe_workflow, 1, ["workflows"]),
    (an_unsafe_action, 1, ["workflows"]),
    (a_tracked_ledger, 1, ["nothing of a run in git"]),
    (a_tracked_secret, 1, ["no secret in git"]),
])
def test_every_invariant_can_fail(whole: Path, broken, status: int, checks: list[str]) -> None:
    broken(whole)
    assert verdict(whole, PLATFORM) == (status, checks)


@pytest.mark.slow
def test_a_good_platform_passes(whole: Path) -> None:
    assert verdict(whole, PLATFORM) == (0, [])


@pytest.mark.slow
def test_what_is_shipped_passes() -> None:
    done = command(ROOT, PLATFORM)
    assert (done.returncode, "FAILED" in done.stdout) == (0, False), done.stdout


def test_a_good_module_passes(repo: Path) -> None:
    done = command(repo, MODULE)
    assert done.returncode == 0 and re.fullmatch(r"passed  say  [0-9.]+ s\n  said  said.txt  6 bytes\n", done.stdout)
    (found,) = json.loads(command(repo, f"{MODULE} --json").stdout)["modules"]
    assert (found["module_id"], found["passed"], found["problem"]) == ("say", True, "")


@pytest.mark.parametrize(("file", "old", "new", "status", "told"), [
    ("src/run.py", "said.txt", "sad.txt", 1, "undeclared_output"),
    ("src/run.py", '"COMPLETED"', '"FAILED"', 1, "module_failed"),
    ("src/run.py", "def run(", "raise SystemExit(0)\ndef run(", 1, "module_exited"),
    ("module.yml", "self_test:", "self_tests:", 10, "self_tests"),
])
def test_a_module_can_fail(repo: Path, file: str, old: str, new: str, status: int, told: str) -> None:
    edit(repo / "modules/say" / file, old, new)
    done = command(repo, MODULE)
    assert (done.returncode, told in done.stdout + done.stderr) == (status, True), done.stdout + done.stderr


@pytest.mark.slow
def test_a_good_order_passes_and_nothing_of_the_repositorys_own_is_touched(repo: Path) -> None:
    def files():
        return {path: path.read_bytes() for path in repo.rglob("*")
                if path.is_file() and "__pycache__" not in path.parts}

    before = files()
    assert verdict(repo, ORDER) == (0, [])
    assert files() == before


@pytest.mark.slow
def test_an_order_that_its_tenant_cannot_pay_for_yet_is_verified_all_the_same(repo: Path) -> None:
    edit(repo / "config/payments.csv", "CONFIRMED", "PENDING")
    assert verdict(repo, ORDER) == (0, [])
    assert rows_of(repo / ".billing-state" / "tenants_credits.csv")[0]["credits_available"] == "86"


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new", "checks"), [
    ("tenants/tenant/workorders/tea.yml", "text: milk", "fail: external_api_error, text: milk",
     ["orchestrator, first run", "orchestrator, second run", "chaining"]),  # a retry is charged again
    ("modules/say/src/run.py", '"COMPLETED"', '"FAILED"',
     ["orchestrator, first run", "orchestrator, second run", "chaining"]),
    ("tenants/tenant/tenant.yml", "tenant_name", "status: suspended\ntenant_name",
     ["orchestrator, first run", "orchestrator, second run", "chaining", "idempotency"]),
])
def test_an_order_can_fail(repo: Path, file: str, old: str, new: str, checks: list[str]) -> None:
    edit(repo / file, old, new)
    assert verdict(repo, ORDER) == (1, checks)


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "checks"), [
    (["admin-topup", "publish_artifacts_release.py", "e2e_assert_chaining.py", "e2e_assert_idempotency.py",
      "integrity-validate", "audit"],
     ["top-up", "publish, first run", "publish, second run", "chaining", "idempotency", "integrity-validate",
      "ledger audit"]),
    # Without its quote the first run is refused, and then the second one posts.
    (["quote"], ["quote", "orchestrator, first run", "orchestrator, second run"]),
])
def test_each_command_that_fails_is_its_own_checks_failure(repo: Path, tmp_path: Path, broken: list[str],
                                                           checks: list[str]) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        f"import os, sys\nif any(word.split('/')[-1] in {broken} for word in sys.orig_argv):\n    os._exit(9)\n")
    done = started(repo, f"{ORDER} --json", PYTHONPATH=str(tmp_path))
    assert [check["name"] for check in json.loads(done.stdout)["checks"] if not check["ok"]] == checks


def test_an_order_that_is_wrong_is_10_and_one_that_is_not_there_is_2(repo: Path) -> None:
    done = command(repo, ORDER.replace("tea", "cup"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    a_wrong_kind(repo)
    done = command(repo, ORDER)
    assert (done.returncode, "tenants/tenant/workorders/tea.yml:" in done.stderr) == (10, True)
