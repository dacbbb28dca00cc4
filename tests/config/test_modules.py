"""Where modules are found: in the workspace, in installed packages, among the built-in ones; and what is an error."""
import shutil
from pathlib import Path

import pytest

from platform.app.run import Run
from platform.app.workspace import Workspace
from platform.toolfiles import MODULES
from tests.support import ROOT, command, rows, workspace

ORDER = """work_order_id: tea
steps:
  - {{step_id: one, module_id: {module}, kind: transform, deliverables: [tenant_outputs], inputs: {{topic: tea}}}}
"""


def module(folder: Path, name: str, *, says: str = "", code: str = "") -> Path:
    """A module like seed_text, by another name."""
    shutil.copytree(MODULES / "seed_text", folder / "modules" / name, ignore=shutil.ignore_patterns("__pycache__"))
    contract = folder / "modules" / name / "module.yml"
    contract.write_text(contract.read_text().replace("module_id: seed_text", f"module_id: {name}\n{says}", 1))
    if code:
        (folder / "modules" / name / "src" / "run.py").write_text(code)
    return folder / "modules" / name


def installed(site: Path, name: str, entry: str = "") -> Path:
    """A package as pip leaves it: its metadata beside its directory."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[console_scripts]\nrun = x:y\n\n[platform.modules]\n{name} = {entry or name}\n")
    (site / name / "modules").mkdir(parents=True)
    (site / name / "__init__.py").write_text("raise AssertionError('nothing imports it')\n")
    return site / name


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with a tenant that has money."""
    folder = workspace(tmp_path / "shop")
    command(folder, "python -m platform.cli new tenant --name Shop --tenant-id shop01")
    with (folder / "config" / "payments.csv").open("a") as file:
        file.write("pay-1,shop01,bank-wire,100,first,CONFIRMED,2026-01-15,\n")
    (folder / "tenants" / "shop01" / "workorders").mkdir()
    return folder


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def order(shop: Path, name: str) -> None:
    (shop / "tenants" / "shop01" / "workorders" / "tea.yml").write_text(ORDER.format(module=name))


def price(shop: Path, name: str) -> None:
    with (shop / "config" / "module_prices.csv").open("a") as file:
        file.write(f"{name},__run__,5,2026-01-01,,true,\n{name},tenant_outputs,2,2026-01-01,,true,\n")


def problems(shop: Path) -> list[str]:
    found = Run.looking(Workspace.open(shop)).snapshot.problems
    return [str(problem).replace(str(shop.parent), "") for problem in found]


def test_a_workspace_uses_the_built_in_modules_and_needs_no_price_for_the_others(shop: Path) -> None:
    order(shop, "seed_text")
    assert problems(shop) == []
    (shop / "config" / "module_prices.csv").write_text(
        "module_id,deliverable_id,price_credits,effective_from,effective_to,active,notes\n"
        "seed_text,__run__,5,2026-01-01,,true,\nseed_text,tenant_outputs,2,2026-01-01,,true,\n")
    assert problems(shop) == []
    (shop / "config" / "module_prices.csv").write_text(
        "module_id,deliverable_id,price_credits,effective_from,effective_to,active,notes\n")
    assert [line.partition(": ")[2] for line in problems(shop)][-1].startswith("error[price-missing]")


def test_a_built_in_module_runs_and_is_explained_and_is_up_to_date(shop: Path) -> None:
    order(shop, "seed_text")
    quote = command(shop, "python -m platform.cli quote")
    assert "7 credits" in quote.stdout, quote.stdout + quote.stderr
    first = command(shop, "doit run")
    assert (first.returncode, "COMPLETED" in first.stdout) == (0, True), first.stdout + first.stderr
    again = command(shop, "doit run")
    assert "1 up to date; nothing posted" in again.stdout
    why = command(shop, "python -m platform.cli why step:shop01/tea/one")
    assert why.returncode == 0, why.stderr
    info = command(shop, "doit info step:shop01/tea/one")
    assert f"{MODULES}/seed_text/src/run.py" in info.stdout
    assert command(shop, "python -m platform.cli verify-module --module-id seed_text").returncode == 0


def test_the_derived_files_list_every_module_and_no_directory_of_this_machine(shop: Path, site: Path) -> None:
    module(installed(site, "acme"), "tea_text")
    price(shop, "tea_text")
    done = command(shop, "doit run maintenance")
    assert done.returncode == 0, done.stdout + done.stderr
    index = {row["module_id"] for row in rows(shop / "maintenance-state" / "modules_index.csv")}
    assert index == {path.name for path in MODULES.iterdir()} | {"tea_text"}
    made = "".join(path.read_text() for path in (shop / "maintenance-state").iterdir())
    assert str(ROOT) not in made
    assert str(site) not in made
    assert command(shop, "python -m platform.cli maintenance --check").returncode == 0


def test_a_module_of_an_installed_package_runs_and_moves_without_running_again(shop: Path, site: Path) -> None:
    made = module(installed(site, "acme"), "tea_text")
    price(shop, "tea_text")
    order(shop, "tea_text")
    first = command(shop, "doit run")
    assert first.returncode == 0, first.stdout + first.stderr
    assert command(shop, "python -m platform.cli verify-module --module-id tea_text").returncode == 0
    record = (shop / "runtime" / "shop01" / "tea" / "one" / "run.json").read_text()
    assert str(site) not in record
    (shop / "modules").mkdir()
    shutil.move(made, shop / "modules" / "tea_text")
    again = command(shop, "doit run")
    assert "1 up to date; nothing posted" in again.stdout, again.stdout + again.stderr


def test_the_workspace_is_searched_first_then_packages_then_the_tool(shop: Path, site: Path) -> None:
    acme = installed(site, "acme")
    module(acme, "tea_text")
    module(acme, "seed_text", says="replaces: seed_text\n")
    module(shop, "tea_text", says="replaces: tea_text\n")
    price(shop, "tea_text")
    repo = Run.looking(Workspace.open(shop)).snapshot.repo
    assert problems(shop) == []
    assert repo.module_dir("tea_text") == "modules/tea_text"
    assert repo.module_dir("seed_text") == str(acme / "modules" / "seed_text")
    assert repo.module_dir("package_std") == str(MODULES / "package_std")


def test_a_module_with_a_built_in_modules_id_must_say_that_it_replaces_it(shop: Path, site: Path) -> None:
    order(shop, "seed_text")
    module(shop, "seed_text")
    told = ("error[module-taken]: `seed_text` is also a module of the tool, which this one hides; "
            "rename the module, or write `replaces: seed_text` if it takes the place of that one")
    assert problems(shop) == [f"modules/seed_text/module.yml:2:12: {told}"]
    assert command(shop, "doit run").returncode == 10
    assert rows(shop / ".billing-state" / "transactions.csv")[1:] == []
    shutil.rmtree(shop / "modules")
    module(installed(site, "acme"), "seed_text")
    assert problems(shop) == [f"/site packages/acme/modules/seed_text/module.yml:2:12: {told}"]


@pytest.mark.parametrize(("name", "says", "told"), [
    ("seed_text", "replaces: table_profile",
     "3:11: error[replaces-differs]: the module `seed_text` cannot replace `table_profile`; "
     "write `replaces: seed_text`, or remove the line"),
    ("tea_text", "replaces: tea_text",
     "3:11: warning[replaces-nothing]: there is no other module `tea_text` that this one replaces; remove the line"),
])
def test_replaces_names_the_modules_own_id_and_something_to_replace(shop: Path, name: str, says: str,
                                                                   told: str) -> None:
    module(shop, name, says=f"{says}\n")
    price(shop, "tea_text") if name == "tea_text" else None
    assert problems(shop) == [f"modules/{name}/module.yml:{told}"]


def test_a_module_that_hides_an_installed_one_is_told_of(shop: Path, site: Path) -> None:
    module(installed(site, "acme"), "tea_text")
    module(shop, "tea_text")
    price(shop, "tea_text")
    assert problems(shop) == [
        "modules/tea_text/module.yml:2:12: warning[module-taken]: `tea_text` is also a module of the installed "
        "package acme, which this one hides; rename the module, or write `replaces: tea_text` if it takes the place "
        "of that one"]


def test_two_packages_that_bring_a_module_are_both_named(shop: Path, site: Path) -> None:
    for name in ("acme", "other"):
        module(installed(site, name), "tea_text")
    price(shop, "tea_text")
    order(shop, "tea_text")
    assert problems(shop)[-1] == (
        "/site packages/other/modules/tea_text/module.yml:1:1: error[module-twice]: the installed package other brings "
        "the module `tea_text`, and so does the installed package acme at /site packages/acme/modules/tea_text/"
        "module.yml; uninstall one of the packages".replace("at /site", f"at {site.parent}/site").replace(
            str(shop.parent), ""))
    assert command(shop, "doit run").returncode == 10


@pytest.mark.parametrize("entry", ["nowhere", "acme.moduls", "acme.modules.deep", "acme/modules", "acme.", "..",
                                   "3acme", "acme modules", "platform", "sys"])
def test_an_entry_point_that_leads_nowhere_is_told_of_at_its_line(shop: Path, site: Path, entry: str) -> None:
    installed(site, "acme", entry)
    (told,) = problems(shop)
    assert told.startswith("/site packages/acme-1.0.dist-info/entry_points.txt:5:1: error[modules-not-found]: the "
                           f"entry point `acme` of the installed package acme leads to no directory modules/ ({entry})")


@pytest.mark.parametrize("lines", ["acme", "acme =", "\udcff = \x1b[31m"])
def test_an_entry_point_that_cannot_be_read_is_told_of(shop: Path, site: Path, lines: str) -> None:
    installed(site, "acme")
    (site / "acme-1.0.dist-info" / "entry_points.txt").write_bytes(
        f"[platform.modules]\n# a comment\n{lines}\n".encode("utf-8", "surrogateescape"))
    (told,) = problems(shop)
    assert told.startswith("/site packages/acme-1.0.dist-info/entry_points.txt:3:1: error[modules-not-found]: ")
    assert told.isprintable()


def test_damaged_metadata_still_has_a_name(shop: Path, site: Path) -> None:
    module(installed(site, "acme"), "tea_text")
    (site / "acme-1.0.dist-info" / "METADATA").unlink()
    assert "tea_text" in Run.looking(Workspace.open(shop)).snapshot.repo.contracts


def test_a_package_behind_a_symbolic_link_brings_modules(shop: Path, site: Path, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    module(installed(tmp_path / "real", "acme"), "tea_text")
    price(shop, "tea_text")
    order(shop, "tea_text")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.syspath_prepend(str(tmp_path / "link"))
    done = command(shop, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr


def test_metadata_in_the_workspace_installs_nothing(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module(installed(shop, "acme"), "tea_text")
    monkeypatch.syspath_prepend(str(shop))
    assert "tea_text" not in Run.looking(Workspace.open(shop)).snapshot.repo.contracts


def test_new_module_takes_no_built_in_modules_id(shop: Path) -> None:
    done = command(shop, "python -m platform.cli new module --module-id seed_text --kind transform")
    assert (done.returncode, (shop / "modules").exists()) == (11, False)
    assert "seed_text is already a module of the tool" in done.stderr
