"""A run says at its top that steps are plain processes, and a profile that demands more charges nothing without it."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from platform.config.load import load_profile
from tests.run.conftest import needs_bwrap
from tests.support import TEA, command, repository, rows

LINE = ("warning      steps run as plain processes, with all of this user's read and write "
        "permissions")
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = repository(tmp_path / "repo")
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.parent.mkdir()
    order.write_text(TEA)
    return repo


def profile(repo: Path, old: str, new: str) -> None:
    file = repo / "config" / "runtime_profile.yml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.slow
def test_a_fall_back_to_plain_processes_is_the_first_line(repo: Path, without_bwrap: str) -> None:
    done = command(repo, "doit run", PATH=without_bwrap)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        done.stdout.splitlines()[0] == f"{LINE} (bubblewrap is not installed); see `doctor`"
    )
    listed = command(repo, "doit list", PATH=without_bwrap)
    assert LINE not in listed.stdout + listed.stderr
    derived = command(repo, "doit run maintenance", PATH=without_bwrap)
    assert LINE not in derived.stdout


def test_so_is_a_profile_that_wants_them(repo: Path) -> None:
    profile(repo, "sandbox: auto", "sandbox: process")
    assert command(repo, "doit run").stdout.startswith(f"{LINE} (the profile says so)")


@needs_bwrap
def test_inside_bubblewrap_there_is_nothing_to_say(repo: Path) -> None:
    done = command(repo, "doit run")
    assert (done.returncode, "warning      steps" in done.stdout) == (0, False)


@pytest.mark.parametrize(
    "words", ["doit run", "doit run step:tenant/tea/one", "python -m platform.cli orchestrator"]
)
def test_without_what_the_profile_demands_nothing_is_charged(
    repo: Path, without_bwrap: str, words: str
) -> None:
    profile(repo, "sandbox: auto", "sandbox: bubblewrap")
    done = command(repo, words, PATH=without_bwrap)
    assert done.returncode == 17, done.stdout + done.stderr
    assert (
        "the profile demands bubblewrap (sandbox: bubblewrap) and bubblewrap is not installed; install it"
        in done.stderr
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert [row["type"] for row in rows(repo / ".billing-state" / "transactions.csv")] == []
    assert command(repo, "doit run maintenance", PATH=without_bwrap).returncode == 0


@pytest.mark.slow
def test_a_demanded_cgroup_is_looked_for_before_anything_is_charged(repo: Path) -> None:
    """A machine without one: no hierarchy is mounted in a mount namespace whose /sys is empty."""
    if shutil.which("unshare") is None or os.getuid() != 0:
        pytest.skip("only root can hide /sys")
    profile(repo, "enforce: auto", "enforce: cgroup")
    hidden = repo.parent / "hidden"
    hidden.write_text(
        '#!/bin/sh\nexec unshare --mount sh -c \'mount -t tmpfs none /sys && exec "$0" "$@"\' "$@"\n'
    )
    hidden.chmod(0o755)
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        [str(hidden), str(scripts / "doit"), "run"],
        cwd=repo,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 17, done.stdout + done.stderr
    assert "(limits.enforce: cgroup) and there is none" in done.stderr
    assert [row["type"] for row in rows(repo / ".billing-state" / "transactions.csv")] == []


def test_the_profile_of_ci_is_the_one_of_development_and_demands_bubblewrap() -> None:
    (ci, wrong), (dev, _) = (
        load_profile(REPOSITORY, REPOSITORY / f"config/runtime_profile.{name}.yml")
        for name in ("ci", "dev_github")
    )
    assert (wrong, ci.sandbox, dev.sandbox) == ((), "bubblewrap", "auto")
    assert replace(ci, profile_id=dev.profile_id, sandbox=dev.sandbox) == dev


@pytest.mark.parametrize("name", ["orchestrator", "publish", "verify_module", "verify_workorder"])
def test_workflows_that_run_tenants_orders_demand_it(name: str) -> None:
    text = (REPOSITORY / ".github" / "workflows" / f"{name}.yml").read_text()
    assert "config/runtime_profile.ci.yml" in text and "dev_github" not in text
