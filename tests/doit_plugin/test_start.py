"""What `doit run` imports when nothing is due: most of its time is imports."""
import subprocess
from pathlib import Path

import pytest

from tests.support import LONGEST_WAIT_S, SCRIPTS, command, shipped

# What only a run with work, an invalid file, or another command needs.
LATER = ("jsonschema", "referencing", "attr", "rich", "jinja2", "ghapi", "httpx2", "PIL", "cryptography",
         "platform.app.quoted", "platform.report.quote")
MOST = 580  # modules; 552 when this was written


def imported(repo: Path) -> set[str]:
    """The modules that a process of `doit run` imports, as Python itself lists them."""
    done = subprocess.run([SCRIPTS / "python", "-X", "importtime", SCRIPTS / "doit", "run"], cwd=repo, check=False,
                          capture_output=True, text=True, timeout=LONGEST_WAIT_S)
    assert (done.returncode, "nothing posted" in done.stdout) == (0, True), done.stdout + done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


@pytest.mark.slow
def test_a_run_with_nothing_due_imports_only_what_it_uses(tmp_path: Path) -> None:
    repo = shipped(tmp_path / "repo")
    assert command(repo, "doit run").returncode == 0
    found = imported(repo)
    assert "platform.app.run" in found
    assert sorted(found.intersection(LATER)) == []
    assert len(found) <= MOST, len(found)


@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new"), [
    ("config/runtime_profile.yml", "sandbox: auto", "sandbox: anything"),
    ("config/promotions.csv", "\n", "\nA,b,c,d,e,f,g,h\n"),
])
def test_a_known_file_that_was_edited_is_validated(tmp_path: Path, file: str, old: str, new: str) -> None:
    repo = shipped(tmp_path / "repo")
    assert command(repo, "doit run").returncode == 0
    text = (repo / file).read_text()
    assert old in text
    (repo / file).write_text(text.replace(old, new, 1))
    done = command(repo, "doit run")
    assert (done.returncode, f"{file}:" in done.stdout + done.stderr) == (10, True), done.stdout + done.stderr
    (repo / file).write_text(text)
    assert command(repo, "doit run").returncode == 0


@pytest.mark.slow
def test_a_known_value_that_its_port_no_longer_accepts_is_refused(tmp_path: Path) -> None:
    """The order is the same; the module's schema is stricter."""
    repo = shipped(tmp_path / "repo")
    assert command(repo, "doit run").returncode == 0
    contract = repo / "modules/search_images/module.yml"
    text = contract.read_text()
    assert "maximum: 100" in text
    contract.write_text(text.replace("maximum: 100", "maximum: 1"))
    done = command(repo, "doit run check")
    assert (done.returncode, "max_items_per_query" in done.stdout + done.stderr) == (10, True), done.stdout
