"""Each module passes its own self-test, twice with the same bytes, and writes what its contract declares, no more."""
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / "modules"
IDS = sorted(path.parent.name for path in MODULES.glob("*/module.yml"))


def filled(value, folder: Path, bound):
    """A self-test's params with its fixtures as bound files."""
    if isinstance(value, dict) and "fixture" in value:
        return bound(folder / value["fixture"], **{name: item for name, item in value.items() if name != "fixture"})
    if isinstance(value, list):
        return [filled(item, folder, bound) for item in value]
    return value


def written(outputs: Path) -> dict[str, bytes]:
    return {path.relative_to(outputs).as_posix(): path.read_bytes() for path in outputs.rglob("*") if path.is_file()}


@pytest.mark.parametrize("module_id", IDS)
def test_a_module_passes_its_self_test_and_does_it_again(module, bound, module_id, tmp_path):
    runner = module(module_id)
    test = runner.contract["testing"]["self_test"]
    inputs = {name: filled(value, MODULES / module_id, bound) for name, value in test["params"].items()}
    context = {"delivery": {"email": {"transport": "outbox", "outbox_dir": str(tmp_path / "outbox"),
                                      "from": "us@platform.example"}, "folder": {"root_dir": str(tmp_path / "put")}}}
    assert runner.run(context, **inputs)["status"] == test["expect"]["status"]
    first = written(runner.outputs)
    assert set(test["expect"]["files"]) <= first.keys()
    ports = runner.contract["ports"]["outputs"]["port"]
    declared = tuple(port["path"] if port["type"] == "file" else port["path"] + "/" for port in ports)
    assert all(name.startswith(declared) for name in first)
    runner.run(context, **inputs)
    receipts = {"delivery_receipt.json", "delivery_log.json"}  # the only outputs with a clock in them
    second = written(runner.outputs)
    assert {name: data for name, data in second.items() if name not in receipts} == \
        {name: data for name, data in first.items() if name not in receipts}


@pytest.mark.parametrize("module_id", IDS)
def test_a_readme_names_every_port_and_deliverable(module, module_id):
    contract = module(module_id).contract
    text = (MODULES / module_id / "README.md").read_text()
    ports = [port["id"] for side in contract["ports"].values() for group in side.values() for port in group]
    sold = [item["deliverable_id"] for item in contract["deliverables"]["port"]]
    assert [name for name in [*ports, *sold] if f"`{name}`" not in text] == []


@pytest.mark.parametrize("module_id", IDS)
def test_a_reason_that_a_module_gives_is_declared_and_in_its_readme(module_id):
    declared = set(re.findall(r"slug: (\w+)", (ROOT / "config/reasons.yml").read_text()))
    text = "".join(path.read_text() for path in (MODULES / module_id / "src").glob("*.py"))
    given = declared & set(re.findall(r'"([a-z_]+)"', text))
    called = set(re.findall(r'failed\("([a-z_]+)"', text))
    assert called <= declared
    readme = (MODULES / module_id / "README.md").read_text()
    assert [slug for slug in given if f"`{slug}`" not in readme] == []
