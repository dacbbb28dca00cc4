"""The first screen of a fresh clone: no warnings about drafts, except where a command names the draft."""
from pathlib import Path

import pytest

from tests.support import command, shipped

DRAFT = "tenants/nxlkGI/workorders/draft_pages.yml:6:22: warning[policy-delivery]"
OTHER = "tenants/q7RwTz/workorders/draft_big_package.yml"


def test_only_commands_about_a_draft_print_its_warnings(tmp_path: Path) -> None:
    repo = shipped(tmp_path / "repo")
    for line in ("doit run check", "python -m platform.cli quote", "doit run"):
        done = command(repo, line)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "warning" not in done.stdout + done.stderr, line
    assert "U check" in command(repo, "doit list --all --status").stdout

    done = command(repo, "python -m platform.cli consistency-validate")
    assert done.returncode == 0
    assert DRAFT in done.stdout
    assert OTHER in done.stdout


@pytest.mark.parametrize("line", [
    "doit run workorder:nxlkGI/draft_pages", "python -m platform.cli quote nxlkGI/draft_pages",
    "python -m platform.cli why nxlkGI/draft_pages", "python -m platform.cli graph nxlkGI/draft_pages"])
def test_a_command_that_names_a_draft_prints_its_warnings(tmp_path: Path, line: str) -> None:
    done = command(shipped(tmp_path / "repo"), line)
    assert done.returncode == 2
    assert DRAFT in done.stderr
    assert OTHER not in done.stderr
    assert "is a draft" in done.stderr.splitlines()[-1]


def test_a_warning_about_an_enabled_order_is_printed(tmp_path: Path) -> None:
    repo = shipped(tmp_path / "repo")
    prices = repo / "config" / "module_prices.csv"
    prices.write_text(prices.read_text() + "gone_module,__run__,5,2026-01-01,,true,\n")
    assert "warning[price-unused]" in command(repo, "doit run check").stdout
