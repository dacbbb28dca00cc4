"""What .ci/run starts, in which order, and how it ends: with stand-ins for all that it starts. That these do what they
should is shown by the real ones."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import shares
from tests.support import LONGEST_WAIT_S, ROOT

PROGRAMS = ("bwrap", "dot", "strace", "chromium", "apt-get")
TOOLS = ("ruff", "mypy", "lint-imports", "python", "pytest")
STAND_IN = """#!/bin/sh
name=$(basename "$0")
echo "$name $*" >> "$CHECKOUT/started"
case "$name $*" in "$REFUSED"*) echo "$name refuses"; exit 3 ;; esac
[ "$name" != pytest ] || { grep SigIgn /proc/self/status; echo "9 passed in 1.00s"; }
"""
STATIC = ["lint-imports ", "mypy ", "python scripts/check_workflows", "python scripts/ci_verify.py --phase e2e",
          "python scripts/lint_prose", "ruff check ."]
SETUP = ["setup --dev", "setup_peers "]
TESTS = "pytest -q -rs"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in (*(f"programs/{name}" for name in PROGRAMS), *(f".venv/bin/{name}" for name in TOOLS),
                 "scripts/setup", "scripts/setup_peers"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(STAND_IN)
        (tmp_path / name).chmod(0o755)
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    return tmp_path


def ci(checkout: Path, *words: str, refused: str = "nothing", **environment: str) -> tuple[int, list[str], list[str]]:
    """The exit status, what was started in this order, and the lines that were printed."""
    started = checkout / "started"
    started.write_text("")
    env = {"PATH": f"{checkout / 'programs'}:{os.environ['PATH']}", "CHECKOUT": str(checkout), "REFUSED": refused}
    done = subprocess.run(["bash", ".ci/run", *words], cwd=checkout, env={**env, **environment}, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LONGEST_WAIT_S)
    return done.returncode, started.read_text().splitlines(), done.stdout.splitlines()


def test_whole_it_starts_everything_once_and_ends_with_what_pytest_says(checkout: Path) -> None:
    status, started, said = ci(checkout)
    assert (status, sorted(started[:2]), sorted(started[2:-1]), started[-1]) == (0, SETUP, STATIC, TESTS)
    assert said[-1] == "9 passed in 1.00s"


@pytest.mark.parametrize("refused", [*STATIC, *SETUP[:1], TESTS])
def test_whatever_refuses_it_fails_and_tests_nothing_that_is_wrong_already(checkout: Path, refused: str) -> None:
    status, started, said = ci(checkout, refused=refused)
    assert (status, f"{refused.split()[0]} refuses" in said) == (3, True)
    assert (started[-1] == TESTS) is (refused == TESTS)


def test_each_part_starts_its_own_and_sets_up_once(checkout: Path) -> None:
    assert ci(checkout, "lint")[:2] == (0, ["setup --dev", "ruff check .", "lint-imports ",
                                            "python scripts/check_workflows", "python scripts/lint_prose"])
    assert ci(checkout, "types")[:2] == (0, ["setup --dev", "mypy "])
    assert ci(checkout, "attack")[:2] == (0, ["setup_peers ", "setup --dev", "python scripts/attack"])
    assert ci(checkout, "orders")[1][2:] == ["python scripts/ci_verify.py --phase e2e"]
    assert ci(checkout, "tests", "2/3")[1][2:] == ["pytest -q -rs --shard=2/3"]
    assert ci(checkout, "test")[:2] == (2, [])
    for tool, part in (("ruff", "lint"), ("mypy", "types"), ("pytest", "tests"), ("python", "attack")):
        assert ci(checkout, part, refused=tool)[0] == 3


def test_in_ci_the_suite_is_started_with_interrupts_ignored(checkout: Path) -> None:
    """As in the background of a shell, and under nohup: it has to end there too."""
    for ci_is, ignored in (("true", True), ("", False)):
        mask = int(next(line for line in ci(checkout, "tests", CI=ci_is)[2] if "SigIgn" in line).split()[1], 16)
        assert ((mask & 0b11) == 0b11) is ignored  # SIGHUP is 1, SIGINT 2


def test_the_jobs_of_ci_are_its_parts_and_its_shards_are_all_tests() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    ran = {name: job["steps"][-1]["run"] for name, job in jobs.items()}
    assert ran == {**{part: f"bash .ci/run {part}" for part in ("lint", "types", "orders", "attack")},
                   "tests": 'bash .ci/run tests "$SHARD"'}
    assert not any("needs" in job for job in jobs.values()), "they run beside each other"
    shards = [tuple(map(int, shard.split("/"))) for shard in jobs["tests"]["strategy"]["matrix"]["shard"]]
    assert shards == [(number, len(shards)) for number in range(1, len(shards) + 1)]
    assert {*shares(dict.fromkeys("abcdefgh", 1.0), len(shards)).values()} == {number for number, _ in shards}


def test_the_shares_are_as_heavy_as_each_other() -> None:
    weights = {"act": 9.0, **{str(number): 1.0 for number in range(15)}}
    shared = shares(weights, 3)
    sums = [sum(weights[file] for file in weights if shared[file] == number) for number in (1, 2, 3)]
    assert sorted(sums) == [7.0, 8.0, 9.0]


def test_the_readme_and_ci_test_alike() -> None:
    readme = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1].strip()
    assert readme == "scripts/setup --dev && .venv/bin/pytest -q"  # CI also lists what it skipped
