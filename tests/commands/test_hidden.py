"""A link that hides a tenant's orders is told by every command that `doit run` would refuse with, and ends the same."""
from pathlib import Path

import pytest

from tests.support import TEA, command, repository

CLI = "python -m platform.cli "


@pytest.fixture(params=["tenants/tenant", "tenants/tenant/workorders"])
def linked(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A repository in which a link stands in a place, and the place."""
    root = repository(tmp_path / "repo")
    (root / "tenants/tenant/workorders").mkdir()
    (root / "tenants/tenant/workorders/tea.yml").write_text(TEA)
    place = root / request.param
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    return root, request.param


@pytest.mark.parametrize(("words", "status"), [
    (["quote", "tenant"], 10), (["quote", "tenant/tea"], 10), (["quote"], 10), (["quote", "--json"], 10),
    (["quote", "--scheduled"], 10), (["status"], 10), (["status", "--tenant-id", "tenant"], 10),
    (["orchestrator", "--tenant-id", "tenant"], 10), (["orchestrator", "--scheduled"], 10),
    (["orchestrator", "--scheduled", "--tenant-id", "tenant"], 10),
    (["orchestrator", "--tenant-id", "tenant", "--work-order-id", "tea"], 10)])
def test_it_is_told(linked: tuple[Path, str], words: list[str], status: int) -> None:
    root, place = linked
    done = command(root, CLI + " ".join(words))
    assert done.returncode == status, done.stdout + done.stderr
    told = [line for line in (done.stdout + done.stderr).splitlines()
            if line.startswith(f"{place}:1:1: error[linked-directory]: is a symbolic link")]
    assert len(told) == 1, done.stdout + done.stderr
    assert "no enabled work order" not in done.stdout


def test_a_tenant_that_nothing_hides_is_quoted_as_ever(linked: tuple[Path, str]) -> None:
    root, _ = linked
    (root / "tenants/q7RwTz").mkdir()
    (root / "tenants/q7RwTz/tenant.yml").write_text("tenant_id: q7RwTz\ntenant_name: Another\n")
    done = command(root, CLI + "quote q7RwTz")
    assert (done.returncode, "linked-directory" in done.stderr) == (0, False), done.stdout + done.stderr
