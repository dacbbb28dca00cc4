"""A run, and beside it on the same machine a command that replaces its journal: both end well, and nothing is lost."""
import subprocess
import sys
from pathlib import Path

import pytest

from tests.state.test_two_clones import STATE, TOPUP, balance, clone, journal, run, state, told
from tests.support import LONGEST_WAIT_S, command, until

MODULE = """module_id: pause
name: Pause
version: 1.0.0
kind: transform
description: Says that it has started, and goes on when it may.
ports:
  inputs: {port: [{id: gate, type: string, required: true, description: A path.}]}
  outputs: {port: [{id: done, type: file, path: done.txt, description: The word done.}]}
testing: {self_test: {params: {gate: /dev/null}, expect: {status: COMPLETED, files: [done.txt]}}}
"""
CODE = """import time
from pathlib import Path


def run(params, outputs_dir):
    gate = Path(params["gate"])
    Path(params["gate"] + ".started").touch()
    while not gate.exists():
        time.sleep(0.02)
    Path(outputs_dir, "done.txt").write_text("done")
    return {"status": "COMPLETED"}
"""
ORDER = """work_order_id: slow
steps:
  - {{step_id: wait, module_id: pause, kind: transform, inputs: {{gate: {gate}}}}}
"""


class Running:
    """`doit run` in a clone, in the middle of a step of the order slow."""

    def __init__(self, repo: Path) -> None:
        module = repo / "modules" / "pause"
        (module / "src").mkdir(parents=True)
        (module / "module.yml").write_text(MODULE)
        (module / "src" / "run.py").write_text(CODE)
        with (repo / "config" / "module_prices.csv").open("a") as prices:
            prices.write("pause,__run__,5,2026-01-01,,true,\n")
        self.gate = repo / "gate"
        (repo / "tenants" / "tenant" / "workorders" / "slow.yml").write_text(ORDER.format(gate=self.gate))
        self.process = subprocess.Popen(
            [Path(sys.executable).parent / "doit", "run", "workorder:tenant/slow"], cwd=repo,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        until(Path(f"{self.gate}.started").exists, self.process)

    def ends(self) -> tuple[int, str]:
        self.gate.touch()
        said, _ = self.process.communicate(timeout=LONGEST_WAIT_S)
        return self.process.returncode, said


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "releases"


@pytest.fixture
def one(tmp_path: Path, store: Path) -> Path:
    repo = clone(tmp_path / "one", store)
    told(repo, f"{STATE} init")
    return repo


@pytest.fixture
def two(tmp_path: Path, store: Path) -> Path:
    return clone(tmp_path / "two", store)


@pytest.mark.slow
@pytest.mark.parametrize("other", [f"{STATE} hydrate", f"{STATE} publish", f"{TOPUP} --amount-credits 9 --reference z"])
def test_a_command_replaces_the_journal_in_the_middle_of_a_run(one: Path, two: Path, other: str) -> None:
    running = Running(one)
    told(two, f"{TOPUP} --amount-credits 7 --reference a")
    told(one, other)
    status, said = running.ends()
    assert (status, "Traceback" in said) == (0, False), said
    told(one, f"{STATE} publish")
    told(two, f"{STATE} hydrate")
    assert journal(one) == journal(two)
    assert balance(one) == str(100 + 7 - 5 + (9 if "topup" in other else 0))
    for line in ("ledger verify", "ledger audit"):
        told(one, f"python -m platform.cli {line}")


@pytest.mark.slow
def test_a_run_whose_charge_was_lost_meanwhile_ends_with_11_and_says_what_to_do(one: Path, two: Path) -> None:
    """Another clone spent the credits first, so that the run's charge could not be posted again."""
    running = Running(one)
    order = two / "tenants" / "tenant" / "workorders"
    for number in range(7):
        (order / f"dear{number}.yml").write_text((order / "tea.yml").read_text().replace(
            "work_order_id: tea", f"work_order_id: dear{number}"))
    (order / "tea.yml").unlink()
    told(two, "doit run")
    assert balance(two) == "2"
    assert run(one, f"{STATE} hydrate").returncode == 11
    status, said = running.ends()
    assert (status, "Traceback" in said) == (11, False), said
    assert "that this one had read are not in it" in said
    assert "run again" in said
    assert (state(one) / "journal.lost.1").exists()
    assert command(one, "python -m platform.cli ledger verify").returncode == 0
