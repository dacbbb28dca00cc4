"""The documentation builds, and the tutorial is true: a test runs every command of it where the README's first command
ends, and looks for the lines below."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
STEPS = re.findall(r"```bash\n(.*?)\n```(?:\n\n```text\n(.*?)\n```)?", TUTORIAL, re.DOTALL)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tutorial") / "checkout"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def found(line: str, told: str) -> bool:
    """Whether a line of the page was printed; … stands for anything."""
    pattern = ".*".join(map(re.escape, line.split("…")))
    return re.search(pattern, told) is not None


def test_every_command_of_the_tutorial_prints_what_the_page_says(checkout: Path) -> None:
    assert len(STEPS) > 10
    scripts = Path(sys.executable).parent
    # The checkout's own package, in this test's virtual environment.
    env = {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}", "PYTHONPATH": str(checkout)}
    first = ("doit run", "orders: 2 COMPLETED; steps: 8 ran; 34 credits charged, 1500 credits added; …")
    for line, expected in [first, *STEPS]:
        done = subprocess.run(["bash", "-c", line], cwd=checkout, env=env, capture_output=True, text=True, check=False)
        told = done.stdout + done.stderr
        exits = re.search(r"# exits with (\d+)", line)
        assert done.returncode == (int(exits[1]) if exits else 0), f"{line}\n{told}"
        missing = [words for words in expected.splitlines() if not found(words, told)]
        assert not missing, f"{line}\nlacks {missing}\n{told}"


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed")
    done = subprocess.run([sys.executable, ROOT / "scripts" / "build_docs"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "build" / "site" / "index.html").is_file()
