"""Derived indexes: made of what is there, touched only when they must be, and drift is named by its row."""
import re
from pathlib import Path

import pytest

from tests.support import ROOT, command, repository

TABLES = ("modules_index", "workorders_index", "module_contract_rules", "module_requirements_index", "reason_catalog",
          "tenant_relationships", "maintenance_manifest")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    done = command(made, "doit run maintenance")
    assert (done.returncode, written(done.stdout)) == (0, set(TABLES)), done.stderr
    return made


def written(text: str) -> set[str]:
    return set(re.findall(r"written +maintenance-state/(\w+)\.csv", text))


def test_what_is_shipped_is_right() -> None:
    done = command(ROOT, "python -m platform.cli maintenance --check")
    assert done.returncode == 0, done.stdout


def test_the_second_time_changes_nothing(repo: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (repo / "maintenance-state").iterdir()}
    assert written(command(repo, "doit run maintenance").stdout) == set()
    assert {path.name: path.stat().st_mtime_ns for path in (repo / "maintenance-state").iterdir()} == before


def test_touching_one_module_makes_what_depends_on_it(repo: Path) -> None:
    code = repo / "modules/say/src/run.py"
    code.write_text(code.read_text() + "# more\n")
    assert written(command(repo, "doit run maintenance").stdout) == {"modules_index", "maintenance_manifest"}


def test_drift_is_named_and_mended(repo: Path) -> None:
    table = repo / "maintenance-state/tenant_relationships.csv"
    right = table.read_bytes()
    table.write_bytes(right.replace(b"tenant,tenant", b"tenant,friend"))
    done = command(repo, "python -m platform.cli maintenance --check")
    assert done.returncode == 1
    place = "maintenance-state/tenant_relationships.csv:2:1"
    assert f"{place}: error[maintenance-drift]: says 'tenant,friend,self'" in done.stdout
    assert written(command(repo, "doit run maintenance").stdout) == {"tenant_relationships"}
    assert table.read_bytes() == right
    assert command(repo, "python -m platform.cli maintenance --check").returncode == 0


def test_a_missing_table_is_drift(repo: Path) -> None:
    (repo / "maintenance-state/reason_catalog.csv").unlink()
    done = command(repo, "python -m platform.cli maintenance --check")
    assert (done.returncode, "reason_catalog.csv:1:1: error[maintenance-drift]: is missing" in done.stdout) == (1, True)


def test_nothing_is_made_of_what_is_wrong(repo: Path) -> None:
    (repo / "config/reasons.yml").write_text("reasons: 3\n")
    before = (repo / "maintenance-state/reason_catalog.csv").read_bytes()
    done = command(repo, "doit run maintenance")
    assert (done.returncode, (repo / "maintenance-state/reason_catalog.csv").read_bytes()) == (10, before)
