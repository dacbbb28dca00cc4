"""An order whose module needs a package that this Python lacks is refused before it is charged."""
import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from platform.app import preflight
from platform.lacking import lacking
from tests.support import ROOT, command, repository, rows

ORDER = """work_order_id: chart
steps:
  - {step_id: one, module_id: table_profile, kind: transform, inputs: {table: {asset: a.csv}}}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    repo = repository(tmp_path / "repo")
    tenant = repo / "tenants" / "tenant"
    for folder in ("workorders", "assets"):
        (tenant / folder).mkdir(exist_ok=True)
    (tenant / "workorders" / "chart.yml").write_text(ORDER)
    (tenant / "assets" / "a.csv").write_text("a,b\n1,2\n")
    return repo


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if these were not installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(preflight, "find_spec", lambda name: None if name in names else find(name))


def test_a_module_without_its_package_is_refused_and_nothing_is_charged(shop: Path, monkeypatch: pytest.MonkeyPatch
                                                                        ) -> None:
    without(monkeypatch, "PIL")
    done = command(shop, "doit run")
    assert done.returncode == 10
    (line,) = {line for line in (done.stdout + done.stderr).splitlines() if "package-missing" in line}
    assert re.fullmatch(r"modules/table_profile/module\.yml:\d+:\d+: error\[package-missing\]: this Python does not "
                        r"have the package `PIL`, which the module table_profile imports; "
                        r"pip install 'platform-runner\[charts\]'", line)
    assert [row for row in rows(shop / ".billing-state" / "transactions.csv") if row["type"] == "SPEND"] == []


def test_a_draft_needs_no_package(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "PIL")
    order = shop / "tenants" / "tenant" / "workorders" / "chart.yml"
    order.write_text(order.read_text() + "enabled: false\n")
    assert command(shop, "doit run").returncode == 0


def test_a_key_needs_cryptography_before_anything_runs(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "cryptography")
    assert command(shop, "doit run").returncode == 0
    spent = (shop / ".billing-state" / "journal.csv").read_bytes()
    done = command(shop, "doit run", PLATFORM_SIGNING_KEY="a key")
    fix = "the package `cryptography`, which signing needs; pip install 'platform-runner[signing]'"
    assert (done.returncode, fix in done.stdout + done.stderr) == (10, True), done
    assert (shop / ".billing-state" / "journal.csv").read_bytes() == spent


@pytest.mark.parametrize(("name", "extra"), [("cryptography", "signing"), ("PIL", "charts")])
def test_a_command_that_lacks_an_optional_package_names_its_extra(name: str, extra: str) -> None:
    told = lacking(ModuleNotFoundError(f"No module named {name!r}", name=name))
    fix = f"pip install 'platform-runner[{extra}]'"
    assert told == f"{sys.executable} does not have {name}, which PLATFORM needs; {fix}"


def test_the_version_is_printed_in_both_forms() -> None:
    for line in ("python -m platform.cli --version", "python -m platform.cli -C /nowhere --version"):
        done = command(ROOT, line)
        assert (done.returncode, done.stdout, done.stderr) == (0, "platform 0.1.0\n", "")


def test_a_self_test_without_its_package_is_skipped_with_the_line_that_installs_it(
        shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without an extra is complete: all its other modules pass, so it ends with 0."""
    for folder in (shop / "modules").iterdir():
        if folder.name not in ("table_profile", "seed_text"):
            shutil.rmtree(folder)
    prices = shop / "config" / "module_prices.csv"
    kept = [line for line in prices.read_text().splitlines()
            if line.startswith(("module_id", "table_profile", "seed_text"))]
    prices.write_text("\n".join(kept) + "\n")
    without(monkeypatch, "PIL")
    done = command(shop, "python -m platform.cli verify-module")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped  table_profile  this Python does not have the package `PIL`" in done.stdout
    assert "; pip install 'platform-runner[charts]'" in done.stdout
    assert done.stdout.endswith("2 modules: 1 passed, 1 skipped\n")
    told = json.loads(command(shop, "python -m platform.cli verify-module --json").stdout)
    (shown,) = [each for each in told["modules"] if each["module_id"] == "table_profile"]
    assert (shown["passed"], shown["problem"], "platform-runner[charts]" in shown["skipped"]) == (False, "", True)


@pytest.mark.parametrize("words", ["verify-module table_profile", "run-module table_profile --input table=a.csv"])
def test_a_named_module_without_its_package_is_refused(shop: Path, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    """Also if no order uses it."""
    without(monkeypatch, "PIL")
    (shop / "tenants/tenant/workorders/chart.yml").unlink()
    (shop / "a.csv").write_text("a,b\n1,2\n")
    done = command(shop, f"python -m platform.cli {words}")
    assert done.returncode == 10, done.stdout + done.stderr
    assert "error[package-missing]" in done.stderr and "platform-runner[charts]" in done.stderr
