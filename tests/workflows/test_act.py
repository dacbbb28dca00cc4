"""Workflows are executed, by act, without Docker and without GitHub: every `run:` line is the workflow's own. The
actions of others cannot be fetched and have stand-ins (stand_ins/README.md), so what GitHub's checkout, Python and
cache do is not shown here, nor is its queue of runs (`queue: max`), which act does not know and which is cut out, nor
legs side by side."""
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import ROOT, checkout

ACT = Path(sys.executable).parent / "act"
STAND_INS = ROOT / "tests" / "workflows" / "stand_ins"
pytestmark = pytest.mark.skipif(not ACT.exists(), reason="act is not installed: pip install -e '.[lint]'")


@dataclass(frozen=True)
class Ran:
    """What act did: its exit status, and each step's result by its name, in order; all results where it ran in several
    jobs."""

    status: int
    steps: dict[str, str]
    told: str


class Runner:
    """A checkout of main with one commit, and a machine whose caches live as long as the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkout = folder / "checkout"
        self.runs = 0
        checkout(self.checkout)
        for file in self.checkout.glob(".github/workflows/*.yml"):
            text = file.read_text().replace("queue: max\n", "\n")  # act does not know it
            file.write_text(text.replace("max-parallel: 8", "max-parallel: 1"))  # jobs share one Python here
        (folder / "cache").mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", "https://github.com/example/platform.git")
        self.commit()
        self.base = self.head()

    def git(self, *words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.test", *words], cwd=self.checkout, check=True,
                       capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "all")

    def head(self) -> str:
        return subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.checkout, check=True, capture_output=True,
                              text=True).stdout.strip()

    def run(self, workflow: str, event: str = "workflow_dispatch", **inputs: str) -> Ran:
        self.runs += 1
        based = {"pull_request": {"base": {"sha": self.base}}} if event == "pull_request" else {}
        (self.folder / "event.json").write_text(json.dumps({"inputs": inputs, **based}))
        done = subprocess.run(
            [ACT, event, "--workflows", f".github/workflows/{workflow}.yml", "--eventpath", self.folder / "event.json",
             "--platform", "ubuntu-latest=-self-hosted", "--no-cache-server", "--concurrent-jobs", "1", "--json",
             "--action-cache-path", self.folder / "act", *self._stand_ins(),
             "--env", f"GITHUB_RUN_ID={self.runs}",
             "--env", f"STAND_IN_CACHE={self.folder / 'cache'}", "--env", f"STAND_IN_PYTHON={sys.executable}"],
            cwd=self.checkout, capture_output=True, text=True, check=False, env=_environment())
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        results: dict[str, set[str]] = {}
        for line in lines:
            if "stepResult" in line and line.get("stage") == "Main":
                results.setdefault(line["step"], set()).add(line["stepResult"])
        steps = {name: " ".join(sorted(found)) for name, found in results.items()}
        return Ran(done.returncode, steps, "".join(line["msg"] + "\n" for line in lines) + done.stderr)

    def here(self, *words: str) -> int:
        """A command of the platform in the checkout, by the tests' own Python."""
        return subprocess.run([sys.executable, "-m", "platform.cli", *words], cwd=self.checkout, check=False,
                              env={**os.environ, "PYTHONPATH": str(self.checkout)}).returncode

    def _stand_ins(self) -> list[str]:
        """What stands in for each action that any workflow uses, at the hash it is pinned to."""
        text = "".join(file.read_text() for file in self.checkout.glob(".github/**/*.yml"))
        used = sorted(set(re.findall(r"actions/(checkout|setup-python|cache)(?:/\w+)?@(\w{40})", text)))
        return [word for name, commit in used
                for word in ("--local-repository", f"actions/{name}@{commit}={STAND_INS / name}")]


def _environment() -> dict[str, str]:
    """Nothing of this virtual environment or of a CI that runs the tests."""
    return {name: value for name, value in os.environ.items()
            if name not in ("VIRTUAL_ENV", "PYTHONPATH") and not name.startswith(("GITHUB_", "RUNNER_", "PYTEST_"))}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.slow
def test_e2e_verify_runs(runner: Runner) -> None:
    ran = runner.run("e2e-verify")
    assert (ran.status, set(ran.steps.values())) == (0, {"success"}), ran.told
    assert len(ran.steps) == 10
    assert "orders: 2 COMPLETED; steps: 8 up to date; nothing posted" in ran.told
    assert "ok  nxlkGI/UbjkpxZO: 1 charge," in ran.told


@pytest.mark.slow
def test_maintenance_runs_and_refuses_what_drifted_with_the_patch(runner: Runner) -> None:
    ran = runner.run("maintenance", "push")
    assert (ran.status, set(ran.steps.values())) == (0, {"success"}), ran.told
    assert {"rebuild", "check what was rebuilt", "nothing changed"} <= ran.steps.keys()
    table = runner.checkout / "maintenance-state" / "tenant_relationships.csv"
    table.write_text(table.read_text().replace("nxlkGI,nxlkGI", "nxlkGI,q7RwTz"))
    runner.commit()
    ran = runner.run("maintenance", "push")
    assert (ran.status, ran.steps["check what was rebuilt"], ran.steps["nothing changed"]) == (1, "success", "failure")
    assert "-nxlkGI,q7RwTz" in ran.told
    ran = runner.run("maintenance", "pull_request")
    assert (ran.status, ran.steps["check"], "rebuild" in ran.steps) == (1, "failure", False), ran.told


@pytest.mark.slow
def test_a_pull_request_is_told_of_code_that_changed_under_its_old_version(runner: Runner) -> None:
    """Its derived files are right, so only the index of the commit that it is based on can know."""
    ran = runner.run("maintenance", "pull_request")
    assert (ran.status, ran.steps["check"]) == (0, "success"), ran.told
    assert "rebuild" not in ran.steps
    assert "module-changed" not in ran.told
    code = runner.checkout / "modules" / "seed_text" / "src" / "run.py"
    code.write_text(code.read_text() + "# a fix\n")
    assert runner.here("maintenance") == 0
    runner.commit()
    ran = runner.run("maintenance", "pull_request")
    assert (ran.status, ran.steps["check"]) == (0, "success"), ran.told
    assert "module-changed" in ran.told
    assert "modules/seed_text/module.yml" in ran.told



@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed: the workflow would install it")
def test_a_top_up_an_order_and_its_publication_share_one_ledger_in_a_release(runner: Runner) -> None:
    """As on GitHub but for the store, which is a folder here; and each job begins on an empty machine."""
    profile = runner.checkout / "config" / "runtime_profile.ci.yml"
    store = "release_store: {type: github, token_env: GITHUB_TOKEN, tag_prefix: platform-dev-}"
    assert store in profile.read_text()
    profile.write_text(profile.read_text().replace(
        store, f"release_store: {{type: folder, dir: {runner.folder / 'releases'}, tag_prefix: platform-dev-}}"))
    runner.commit()
    shared = ["--runtime-profile", "config/runtime_profile.ci.yml"]
    assert runner.here("state", "init", *shared) == 0
    shutil.rmtree(runner.checkout / ".billing-state")

    form = {"tenant_id": "nxlkGI", "topup_method_id": "bank-wire", "reference": "wire; $(id)", "note": ""}
    ran = runner.run("admin-topup", **form, amount_credits="70")
    assert (ran.status, set(ran.steps.values())) == (0, {"success"}), ran.told
    ran = runner.run("admin-topup", **form, amount_credits="71")  # on another machine: the conflict is seen there too
    assert (ran.status, ran.steps["top up"], ran.steps["publish the billing state"]) == (1, "failure", "success")

    order = runner.checkout / "tenants" / "q7RwTz" / "workorders" / "Wx4tLm2K.yml"
    # A recipient on the stop list: the delivery fails.
    order.write_text(order.read_text().replace("desk@weather.example", "desk@weather.invalid"))
    runner.commit()
    ran = runner.run("orchestrator", tenant_id="all", work_order="all", publish="true")
    assert (ran.status, ran.steps["run"]) == (1, "failure success"), ran.told  # one leg's failure stops no other's
    assert ran.steps["publish the billing state, also when an order failed"] == "success"

    ran = runner.run("publish", tenant_id="nxlkGI", since="")
    assert (ran.status, "nothing to publish" in ran.told) == (0, True), ran.told

    assert runner.here("state", "hydrate", *shared) == 0
    assert runner.here("ledger", "verify", *shared) == 0
    balance = (runner.checkout / ".billing-state" / "tenants_credits.csv").read_text()
    assert "nxlkGI,1045," in balance  # 1000 and 70 paid, 25 spent: all of it, on machines of their own
    assert any(runner.folder.joinpath("releases").rglob("nxlkGI-UbjkpxZO-*.zip"))
