"""What tests of whole commands share: a repository of their own, command lines in it, and its CSV files."""
import csv
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"


def repository(repo: Path, *overlays: Path) -> Path:
    """A repository of its own: what is shipped but the tenants, the base of the stories, and the story's own files."""
    repo.mkdir()
    shutil.copy(ROOT / "dodo.py", repo)
    shutil.copy(ROOT / "pyproject.toml", repo)
    shutil.copy(ROOT / ".gitattributes", repo)
    for folder in ("modules", "config", "schemas"):
        shutil.copytree(ROOT / folder, repo / folder, ignore=shutil.ignore_patterns("__pycache__"))
    prices = (repo / "config" / "module_prices.csv").read_text() + (CASES / "base" / "prices.csv").read_text()
    (repo / "config" / "module_prices.csv").write_text(prices)
    for overlay in (CASES / "base", *overlays):
        shutil.copytree(overlay, repo, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return repo


def shipped(repo: Path) -> Path:
    """A copy of what is shipped, its tenants and their orders too."""
    repo.mkdir()
    for name in ("dodo.py", "pyproject.toml", ".gitattributes"):
        shutil.copy(ROOT / name, repo)
    for folder in ("modules", "config", "schemas", "tenants"):
        shutil.copytree(ROOT / folder, repo / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return repo


def command(repo: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command line as a person in that repository would, with this virtual environment active."""
    words = shlex.split(line)
    scripts = Path(sys.executable).parent
    program = {"doit": [str(scripts / "doit")], "python": [sys.executable]}[words[0]]
    if words[1].startswith("scripts/"):
        words[1] = str(ROOT / words[1])
    if words[1:3] == ["-m", "platform.cli"]:
        program, words = [sys.executable, "-c", BOOT], words[2:]
    env = {**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}", **environment}
    return subprocess.run([*program, *words[1:]], cwd=repo, capture_output=True, text=True, env=env, check=False)


def accept_loss(repo: Path) -> None:
    """After a test took something of the billing state away: the operator says that this is meant."""
    done = command(repo, "python -m platform.cli state accept-loss --note 'a test took it away'")
    assert done.returncode == 0, done.stdout + done.stderr


BOOT = "import _platform_boot, sys; sys.exit(_platform_boot.main())"  # the story's folder has no platform/ of its own


def rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


TEA = """work_order_id: tea
artifacts_requested: true
steps:
  - {step_id: one, module_id: say, kind: transform, deliverables: [said], inputs: {text: tea}}
  - {step_id: two, module_id: say, kind: transform, inputs: {text: milk, after: {from_step: one, output_id: said}}}
  - step_id: package
    module_id: package_std
    kind: packaging
    deliverables: [package_artifacts]
    inputs: {bound_outputs: [{from_step: one, output_id: said, as_path: said.txt}]}
  - step_id: put
    module_id: deliver_folder
    kind: delivery
    inputs: {package_zip: {from_step: package, output_id: package_zip}}
"""


def delivered(repo: Path) -> Path:
    """A repository whose one order was run: said (2 credits) and package_artifacts (0) were bought; 14 spent in all."""
    repository(repo)
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.parent.mkdir()
    order.write_text(TEA)
    done = command(repo, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    return repo
