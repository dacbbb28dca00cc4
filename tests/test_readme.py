"""The README is true: its first command on a fresh checkout in an empty folder with a new virtual environment, and then
every line of its long quickstart, in order. It installs what running needs, so it needs a package index."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [block.strip() for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)]
RUN, TEST, *_, LONG = BLOCKS


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows of this tree, and nothing else."""
    folder = tmp_path_factory.mktemp("fresh") / "checkout"
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def shell(checkout: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line as a person types it, with the new virtual environment in front."""
    path = f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}"
    env = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    return subprocess.run(["bash", "-c", line], cwd=checkout, env={**env, "PATH": path}, capture_output=True,
                          text=True, check=False)


@pytest.mark.slow
@pytest.mark.xdist_group("readme")
def test_the_commands_do_what_the_readme_says(checkout: Path) -> None:
    first = shell(checkout, RUN)
    assert first.returncode == 0, first.stdout + first.stderr
    assert not (checkout / ".venv" / "bin" / "pytest").exists(), "the first command installs only what running needs"
    printed = README.split("```text\n")[1].split("```")[0].splitlines()
    times = re.compile(r"\d+\.\d+ s")
    told = {times.sub("", line) for line in first.stdout.splitlines()}
    assert {times.sub("", line) for line in printed} - told == set()
    assert "steps: 8 up to date; nothing posted" in shell(checkout, ".venv/bin/doit run").stdout

    lines = [line.split("  #")[0].strip() for line in LONG.splitlines() if line.strip()]
    skipped = {"python -m pip install -r requirements.txt", "pytest -q"}  # the first command; this test run
    assert skipped <= set(lines)
    for line in lines:
        if line not in skipped:
            done = shell(checkout, line)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
