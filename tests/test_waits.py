"""No test waits for ever: each wait for a process or a thread has a limit, and pytest-timeout is the net below.

Started in the background, where a shell ignores SIGINT, the tests can still interrupt what they start.
"""
import ast
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import LONGEST_WAIT_S, ROOT

_WAITS = {"wait", "communicate", "join"}  # os.waitpid knows no limit: support.ended


def _endless(text: str) -> Iterator[int]:
    """The lines that call a wait without any limit."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, is_bare = node.func.attr, not node.args and not node.keywords
            of = node.func.value.attr if isinstance(node.func.value, ast.Attribute) else ""
            reads = name in ("read", "readline") and of in ("stdout", "stderr")
            if (is_bare and name in _WAITS) or name in ("waitpid", "wait3", "wait4") or reads:
                yield node.lineno


@pytest.mark.slow
def test_every_wait_has_a_limit() -> None:
    """Not in the probes' own code and support.ended, which waits for what was killed."""
    files = [file for folder in ("tests", "modules") for file in sorted((ROOT / folder).rglob("*.py"))
             if file.name not in ("support.py", "reach.py", "leave.py")]
    found = [f"{file.relative_to(ROOT)}:{line}" for file in files
             for line in _endless(file.read_text(encoding="utf-8"))]
    assert found == [], f"give it timeout=LONGEST_WAIT_S ({LONGEST_WAIT_S:g} s)"
    assert list(_endless("process.wait()\nthread.join(9)\nrun.communicate(timeout=9)\nos.waitpid(1, 0)\n"
                         "run.stdout.readline()\nfile.read()")) == [1, 4, 5]


@pytest.mark.slow
@pytest.mark.parametrize("background", [False, True], ids=["foreground", "background"])
def test_tests_heed_interrupts_wherever_the_suite_was_started(tmp_path: Path, background: bool) -> None:
    """The suite's own conftest.py in a suite of one test, which is interrupted in a child of its."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import _interrupts_are_heeded\n")
    (tmp_path / "test_one.py").write_text(
        "import signal, subprocess, sys\n"
        "def test_one():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'print(1, flush=True); input()'], "
        "stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "    with child:\n"
        "        child.stdout.readline()\n"
        "        child.send_signal(signal.SIGINT)\n"
        f"        assert child.wait(timeout={LONGEST_WAIT_S}) == -signal.SIGINT\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-c", str(ROOT / "pyproject.toml"),
         "--rootdir", str(tmp_path), "-p", "no:cacheprovider", str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=LONGEST_WAIT_S, env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN if background else signal.SIG_DFL) and None)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_test_that_hangs_fails() -> None:
    """The net is there: its limit is set, and no shorter than any wait's own."""
    import tomllib

    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    assert options["timeout"] > LONGEST_WAIT_S
