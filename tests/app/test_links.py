"""A link where the platform keeps something below runtime/: it is named, and nothing is charged or followed."""
from pathlib import Path

import pytest

from tests.support import TEA, command, repository


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """A repository in which two orders have run; a link to the victim's results is what the tests put somewhere."""
    root = repository(tmp_path / "repo")
    (root / "config/payments.csv").write_text(
        "payment_id,tenant_id,topup_method_id,amount_credits,reference,status,received_at,note\n"
        "p1,tenant,bank-wire,1000,w,CONFIRMED,2026-01-02T00:00:00Z,\n")
    orders = root / "tenants/tenant/workorders"
    orders.mkdir()
    for name in ("tea", "victim"):
        (orders / f"{name}.yml").write_text(TEA.replace("work_order_id: tea", f"work_order_id: {name}"))
    done = command(root, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def files(root: Path) -> dict[str, bytes]:
    """The victim's results, byte by byte."""
    folder = root / "runtime/tenant/victim"
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def linked(root: Path, place: str, target: str) -> dict[str, bytes]:
    """Put a link in a place; what the victim has then."""
    if (root / place).exists():
        (root / place).rename(root / "moved")
    (root / place).symlink_to(root / target)
    return files(root)


def test_clean_removes_nothing_through_a_link(ran: Path) -> None:
    before = linked(ran, "runtime/tenant/tea", "runtime/tenant/victim")
    done = command(ran, "doit clean step:tenant/tea/one")
    assert files(ran) == before
    assert "runtime/tenant/tea: is a symbolic link" in done.stdout + done.stderr
    assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (15, False)


def test_clean_removes_the_link_itself(ran: Path) -> None:
    before = linked(ran, "runtime/tenant/tea/one", "runtime/tenant/victim/one")
    done = command(ran, "doit clean step:tenant/tea/one")
    assert (files(ran), (ran / "runtime/tenant/tea/one").is_symlink()) == (before, False), done.stdout + done.stderr


def test_nothing_is_charged_whose_results_would_lie_behind_a_link(ran: Path) -> None:
    before = linked(ran, "runtime/tenant/tea", "runtime/tenant/victim")
    tea = ran / "tenants/tenant/workorders/tea.yml"
    tea.write_text(tea.read_text().replace("text: tea", "text: coffee"))
    done = command(ran, "doit run")
    assert (done.returncode, files(ran)) == (15, before), done.stdout + done.stderr
    assert "runtime/tenant/tea: is a symbolic link" in done.stdout
    assert "credits charged" not in done.stdout


@pytest.mark.parametrize("words", ["doit run", "doit run workorder:tenant/tea"])
def test_a_runtime_directory_that_is_a_link_is_refused(ran: Path, words: str) -> None:
    (ran / "runtime").rename(ran / "elsewhere")
    (ran / "runtime").symlink_to("elsewhere")
    done = command(ran, words)
    assert done.returncode == 15, done.stdout + done.stderr
    assert f"{ran}/runtime: is a symbolic link" in done.stderr


def test_a_store_that_is_a_link_is_not_written(ran: Path) -> None:
    target = ran / "mine.db"
    target.write_bytes(b"")
    (ran / "runtime/doit.db").unlink()
    (ran / "runtime/doit.db").symlink_to(target)
    done = command(ran, "doit run -a")
    assert (done.returncode, target.read_bytes()) == (0, b""), done.stdout + done.stderr
