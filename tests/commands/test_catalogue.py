"""`catalogue`: each module with what it does, its ports, today's prices, and where it is."""
import json
from pathlib import Path

import pytest

from tests.support import command, repository

CLI = "python -m platform.cli catalogue"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


def told(repo: Path, line: str = "") -> str:
    done = command(repo, f"{CLI} {line}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_has_a_line_with_price_place_and_purpose(repo: Path) -> None:
    lines = {line.split()[0]: line for line in told(repo).splitlines()}
    assert sorted(lines) == sorted(path.name for path in (repo / "modules").iterdir())
    assert " ".join(lines["seed_text"].split()).startswith(
        "seed_text transform 1.0 5 credits + 2 this workspace Writes a starting text about a topic")
    assert "1 credit " in lines["package_std"]


def test_one_module_with_its_ports_and_todays_prices(repo: Path) -> None:
    prices = repo / "config/module_prices.csv"
    prices.write_text(prices.read_text() + "seed_text,tenant_outputs,9,2999-01-01,,true,later\n")
    page = told(repo, "seed_text")
    assert page.startswith("seed_text  version 1.0  transform  modules/seed_text (this workspace)\n")
    assert "  topic           string  required       What the text is about.  Example: \"wooden sailing" in page
    assert "  language        string  platform only  " in page
    assert "  source_text  source_text.txt  The outline.\n" in page
    row = next(number for number, line in enumerate(prices.read_text().splitlines(), 1)
               if line.startswith("seed_text,tenant_outputs,2"))
    place = f"config/module_prices.csv:{row}"
    assert f"  tenant_outputs  2 credits  {place}  The text and the report. (source_text, report)" in page
    assert "secrets: GOOGLE_SEARCH_API_KEY, GOOGLE_SEARCH_ENGINE_ID\nuses the network" in told(repo, "search_images")


def test_tenants_see_what_an_order_can_use(repo: Path) -> None:
    prices = repo / "config/module_prices.csv"
    prices.write_text("".join(line for line in prices.read_text().splitlines(keepends=True)
                              if not line.startswith("bigfile_gen,__run__")))
    page = told(repo, "search_images --for-tenants")
    assert "queries" in page
    for hidden in ("platform only", "download_images", "GOOGLE", "modules/", "this workspace", "module_prices.csv"):
        assert hidden not in page
    listed = told(repo, "--for-tenants")
    assert "seed_text" in listed
    assert "bigfile_gen" not in listed
    assert "bigfile_gen  " in told(repo)
    done = command(repo, f"{CLI} bigfile_gen --for-tenants")
    assert (done.returncode, done.stderr.count("\n")) in ((2, 1), (10, 1))


def test_a_module_with_errors_is_listed_and_its_errors_are_told(repo: Path) -> None:
    contract = repo / "modules/seed_text/module.yml"
    contract.write_text(contract.read_text().replace("kind: transform", "kind: transfrom"))
    assert "has errors; see `consistency-validate`" in told(repo)
    done = command(repo, f"{CLI} seed_text")
    assert (done.returncode, "error[not-allowed]" in done.stderr) == (10, True)
    done = command(repo, f"{CLI} sed_text")
    assert (done.returncode, done.stderr) == (2, "module 'sed_text' does not exist; did you mean `seed_text`?\n")


def test_the_result_for_programs(repo: Path) -> None:
    [module] = json.loads(told(repo, "seed_text --json"))["modules"]
    assert (module["found_in"], module["directory"], module["run_credits"], module["orderable"]) == (
        "this workspace", "modules/seed_text", 5, True)
    assert [port["id"] for port in module["inputs"] if not port["limited"]] == ["topic"]
    assert {price["item"]: price["credits"] for price in module["prices"]} == {"__run__": 5, "tenant_outputs": 2}
