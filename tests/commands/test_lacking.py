"""A doit that lacks what the repository needs says what, and what to do, in one line and ends with 2."""
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import _platform_boot
from tests.support import ROOT

# As a doit that was installed by itself: it has no entry points, and the repository is not on its path.
BARE = """
import sys
sys.path[:] = [path for path in sys.path if path not in ("", {root!r})]
import doit.plugin
doit.plugin.entry_points_impl = lambda: lambda group: ()
for name in {lacks!r}:
    sys.modules[name] = None
from doit.doit_cmd import DoitMain
sys.exit(DoitMain().run({words!r}))
"""


def bare(lacks: list[str], words: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    code = BARE.format(root=str(ROOT), lacks=lacks, words=words)
    return subprocess.run([sys.executable, "-P", "-c", code], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [["run"], ["list"]])
def test_a_doit_without_our_entry_points_says_what_it_lacks(words: list[str]) -> None:
    done = bare(["msgspec"], words, ROOT)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    fix = "run scripts/setup, and then `. .venv/bin/activate`"
    assert re.fullmatch(f".*does not have msgspec, .*; {fix}\n", done.stderr)


def test_a_doit_without_our_entry_points_works_when_it_lacks_nothing() -> None:
    done = bare([], ["list"], ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()][-1] == "workorder"


@pytest.mark.parametrize("name", ["re2", "jsonschema", "yaml", "msgspec"])
def test_a_python_without_a_package(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name={name!r})")
    done = subprocess.run([str(Path(sys.executable).parent / "doit"), "run", "check"], cwd=ROOT, capture_output=True,
                          text=True, check=False, env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stdout + done.stderr
    assert f"does not have {name}," in done.stderr


def test_a_doit_whose_entry_points_are_of_another_version() -> None:
    code = ("import _platform_boot; from doit.plugin import PluginEntry; "
            "PluginEntry('COMMAND', 'run', '_platform_boot:Old').get()")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n"), "another version" in done.stderr) == (2, 1, True), done.stderr


def test_all_that_is_needed_is_asked_for() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["dependencies"]
    assert {re.split("[=<>]", each)[0] for each in wanted} - {"doit"} == set(_platform_boot.NEEDED)
