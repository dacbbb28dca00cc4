"""Whichever doit is started in a workspace, PLATFORM's program runs; elsewhere doit is doit."""
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.support import SCRIPTS, started, workspace

PLAIN = """def task_hello():
    return {"actions": ["echo hello > hello.txt"], "file_dep": ["dodo.py"]}
"""
NOTHING = "orders: none; steps: none; nothing posted"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace that has nothing but its dodo.py for doit, in a directory with a space and an umlaut."""
    folder = workspace(tmp_path / "M\u00fcllers Laden")
    (folder / "doit.cfg").unlink()
    return folder


def doit(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(SCRIPTS / "doit"), *shlex.split(line)], cwd=cwd, capture_output=True, text=True,
                          check=False, env={**os.environ, **environment})


@pytest.mark.slow
@pytest.mark.parametrize("line", ["run check", "check", "list", "info check", "help check", "clean check",
                                  "forget check", "run -n 2 check"])
def test_a_dodo_py_is_enough(shop: Path, line: str) -> None:
    done = doit(line, shop)
    assert (done.returncode, done.stderr) == (0, "")
    if line.startswith("run"):
        assert NOTHING in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("line", ["-k run check", "run -f ../dodo.py check", "-f ../dodo.py run check",
                                  "run -d .. -f ../dodo.py check"])
def test_a_workspace_is_found_as_doit_finds_it(shop: Path, line: str) -> None:
    (shop / "below").mkdir()
    done = doit(line, shop / "below")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert NOTHING in done.stdout
    assert (shop / "runtime").is_dir()
    assert list((shop / "below").iterdir()) == []


@pytest.mark.slow
def test_errors_have_the_statuses_of_the_tool(shop: Path, tmp_path: Path) -> None:
    assert doit("run nothing_here", shop).returncode == 2
    (shop / "config" / "module_prices.csv").write_text("wrong\n")
    assert doit("run", shop).returncode == 10
    told = doit("run", shop, PLATFORM_ROOT=str(tmp_path))
    assert (told.returncode, "PLATFORM_ROOT names" in told.stderr) == (2, True)


@pytest.mark.slow
def test_the_configuration_makes_the_options_of_a_run_known(shop: Path) -> None:
    (shop / "doit.cfg").write_text("[GLOBAL]\nloader = platform\n")
    assert NOTHING in doit("run --retry-failed check", shop).stdout
    assert "--resend-repaired" in doit("help run", shop).stdout


@pytest.mark.slow
def test_a_task_of_ones_own_in_dodo_py_runs_beside_ours(shop: Path) -> None:
    with (shop / "dodo.py").open("a") as file:
        file.write(PLAIN)
    done = doit("run hello check", shop)
    assert (done.returncode, (shop / "hello.txt").exists()) == (0, True), done.stdout + done.stderr


@pytest.mark.slow
def test_a_program_that_imports_dodo_py_and_knows_doit_runs_nothing(shop: Path) -> None:
    done = started(shop, "python -c 'import sys, doit.doit_cmd; sys.path.insert(0, str()); import dodo; print(1)'")
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")


@pytest.mark.slow
def test_another_project_has_doits_own_run(tmp_path: Path) -> None:
    (tmp_path / "dodo.py").write_text(PLAIN)
    assert doit("run", tmp_path).stdout == ".  hello\n"
    assert doit("run", tmp_path).stdout == "-- hello\n"
    assert "retry-failed" not in doit("help run", tmp_path).stdout
    assert doit("run nothing_here", tmp_path).returncode == 3


@pytest.mark.slow
def test_doit_below_a_workspace_says_where_the_workspace_is(shop: Path) -> None:
    below = shop / "tenants" / "below"
    below.mkdir()
    line = f"the workspace is {shop}; change to it, or give doit -k\n"
    for words in ("list", "", "run workorder"):
        told = doit(words, below)
        assert told.returncode == 3 and told.stderr.endswith(line) and told.stderr.count(line) == 1, told.stderr
    assert line not in doit("list", shop).stderr
    assert line not in doit("-k list", below).stderr
    (below / "dodo.py").write_text(PLAIN)
    assert doit("run", below).stderr == ""


@pytest.mark.slow
def test_doit_elsewhere_says_nothing_of_a_workspace(tmp_path: Path) -> None:
    (tmp_path / "dodo.py").write_text(PLAIN)
    (tmp_path / "below").mkdir()
    told = doit("list", tmp_path / "below")
    assert told.returncode == 3 and "workspace" not in told.stderr
