"""Every command takes TENANT[/ORDER[/STEP]] and the options, in any form that a person types, and names the nearest."""
import json
from pathlib import Path

import pytest

from tests.support import command

CLI = "python -m platform.cli"


@pytest.fixture(scope="module")
def shop(_delivered: Path) -> Path:
    """A repository with the one order tenant/tea (steps one, package, put), delivered; only read here."""
    return _delivered


@pytest.mark.parametrize("words", [
    "status --json", "quote --json", "graph --format text", "integrity-validate --json", "artifacts --json"])
@pytest.mark.parametrize("form", [
    "tenant/tea", "tenant/tea/", "tenant:tea", "workorder:tenant/tea", "tenants/tenant/workorders/tea.yml",
    "tenant/tea/*", "--tenant-id tenant --work-order-id tea", "tenant --work-order-id tea",
    "tenant/tea --tenant-id tenant"])
def test_one_order_in_every_form(shop: Path, words: str, form: str) -> None:
    asked = command(shop, f"{CLI} {words} {form}")
    plain = command(shop, f"{CLI} {words} tenant/tea")
    assert (asked.returncode, asked.stderr) == (0, "")
    assert asked.stdout == plain.stdout


def test_a_step_of_an_order(shop: Path) -> None:
    shown = json.loads(command(shop, f"{CLI} status tenant/tea/package --json").stdout)
    assert [[step["step_id"] for step in order["steps"]] for order in shown["orders"]] == [["package"]]
    quoted = command(shop, f"{CLI} quote tenant/tea/package")
    assert (quoted.returncode, quoted.stderr) == (
        0, "a step is bought with its order; this is the quote of tenant/tea\n")
    assert quoted.stdout == command(shop, f"{CLI} quote tenant/tea").stdout


def test_the_log_of_an_order_lists_its_steps(shop: Path) -> None:
    lines = command(shop, f"{CLI} log tenant/tea").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["COMPLETED", f"tenant/tea/{name}"] for name in ("one", "two", "package", "put")]


@pytest.mark.parametrize(("words", "said"), [
    ("status tenent", "tenent: no such tenant; did you mean `tenant`?"),
    ("status TENANT", "TENANT: no such tenant; did you mean `tenant`?"),
    ("status tea", "tea: no such tenant; did you mean `tenant/tea`?"),
    ("status TEA", "TEA: no such tenant; did you mean `tenant/tea`?"),
    ("status tenant/TEA", "tenant/TEA: no such work order; did you mean `tea`?"),
    ("status tenant/tea/pakage", "step tenant/tea/pakage does not exist; did you mean `package`?"),
    ("quote tenant/tea/pakage", "step tenant/tea/pakage does not exist; did you mean `package`?"),
    ("graph tenant/tea/pakage", "step tenant/tea/pakage does not exist; did you mean `package`?"),
    ("log tenant/tea/pakage", "step tenant/tea/pakage does not exist; did you mean `package`?"),
    ("log tenant/tee", "tenant/tee: no such work order; did you mean `tea`?"),
    ("why tenant/tea/pakage", "task step:tenant/tea/pakage does not exist; did you mean step:tenant/tea/package?"),
    ("artifacts tenent", "tenent: no such tenant; did you mean `tenant`?"),
    ("artifacts", "whose packages? name a tenant or one of its orders"),
    ("statement", "name the tenant: TENANT or --tenant-id TENANT"),
    ("statement tenant/tea", "tenant/tea: this command is about a tenant as a whole; write tenant"),
    ("integrity-validate tenant/tea/one",
     "tenant/tea/one: this command is about an order as a whole; write tenant/tea"),
    ("status tenant/tea --tenant-id other1",
     "tenant/tea and --tenant-id other1 name different things; give one of them"),
    ("quote tenant/tea --work-order-id coffee",
     "tenant/tea and --work-order-id coffee name different things; give one of them"),
    ("orchestrator tenant --tenant-id other1", "tenant and --tenant-id other1 name different things; give one of them"),
    ("status --work-order-id tea", "--work-order-id needs --tenant-id; give both"),
    ("status a/b/c/d", "'a/b/c/d' is not a name; write TENANT[/ORDER[/STEP]]"),
    ("status tenant//one", "'tenant//one' is not a name; write TENANT[/ORDER[/STEP]]"),
    ("runs tenent", "tenent: no such tenant; did you mean `tenant`?"),
    ("runs sho last", "runs sho last: is not a command; did you mean `show`?: `runs show RUN`"),
])
def test_a_mistake_is_one_line_with_the_nearest_name(shop: Path, words: str, said: str) -> None:
    done = command(shop, f"{CLI} {words}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said + "\n")


def test_a_step_is_run_by_its_name(delivered_repo: Path) -> None:
    wrong = command(delivered_repo, f"{CLI} orchestrator tenant/tea/pakage")
    assert (wrong.returncode, wrong.stderr) == (
        2, "task step:tenant/tea/pakage does not exist; did you mean step:tenant/tea/package?\n")
    done = command(delivered_repo, f"{CLI} orchestrator tenant/tea/one")
    assert done.returncode == 0, done.stderr
    assert "up to date; nothing posted" in done.stdout


@pytest.mark.parametrize(("words", "names"), [
    ("tenant/tea", ["workorder:tenant/tea"]), ("tenant", ["workorder:tenant/tea"]),
    ("tenant/*", ["workorder:tenant/tea"]),
    ("tenant/tea/*", [f"step:tenant/tea/{name}" for name in ("one", "package", "put", "two")]),
    ("step:tenant/tea/p*", ["step:tenant/tea/package", "step:tenant/tea/put"]), ("che*", ["check"])])
def test_doit_lists_what_is_named(shop: Path, words: str, names: list[str]) -> None:
    done = command(shop, f"doit list --quiet {words}")
    assert (done.returncode, done.stdout.split()) == (0, names), done.stderr


def test_doit_shows_what_is_named(shop: Path) -> None:
    shown = command(shop, "doit info tenant/tea/one")
    assert shown.stdout == command(shop, "doit info step:tenant/tea/one").stdout
    assert "step:tenant/tea/one" in shown.stdout


def test_doit_runs_what_is_named(delivered_repo: Path) -> None:
    for words in ("run tenant/tea", "run tenant", "tenant:tea", "run tenants/tenant/workorders/tea.yml",
                  "run tenant/tea/one", "run tenant/tea/*"):
        done = command(delivered_repo, f"doit {words}")
        assert (done.returncode, "nothing posted" in done.stdout) == (0, True), words + done.stdout + done.stderr


@pytest.mark.parametrize(("words", "status", "said"), [
    ("rnu", 2, "unknown command `rnu`; did you mean `run`?"),
    ("lst --all", 2, "unknown command `lst`; did you mean `list`?"),
    ("zzzzz", 2, "unknown command `zzzzz`; see `doit help`"),
    ("run chek", 2, "task or file `chek` does not exist; did you mean `check`?"),
    ("run tenent/tea", 2, "task or file `tenent/tea` does not exist; did you mean tenant/tea?"),
    ("run TENANT/tea/one", 2, "task or file `TENANT/tea/one` does not exist; did you mean tenant/tea/one?"),
    ("run tenant/tee", 2, "work order tenant/tee does not exist; did you mean workorder:tenant/tea?"),
    ("run tenant/tea/pakage", 2, "task step:tenant/tea/pakage does not exist; did you mean step:tenant/tea/package?"),
    ("run --retry-faild", 2, "option --retry-faild not recognized; did you mean --retry-failed?; see `doit help run`"),
    ("list --statsu", 3, "ERROR: option --statsu not recognized; did you mean --status?"),
    ("info tenant/tea/pakage", 3,
     "ERROR: task step:tenant/tea/pakage does not exist; did you mean step:tenant/tea/package?"),
    ("info chek", 3, "ERROR: task or file `chek` does not exist; did you mean `check`?"),
    ("list tenant/tee", 3, "ERROR: work order tenant/tee does not exist; did you mean workorder:tenant/tea?"),
    ("forget tenant/tea/pakage", 3,
     "ERROR: task step:tenant/tea/pakage does not exist; did you mean step:tenant/tea/package?"),
])
def test_a_mistake_of_doit_is_one_line_with_the_nearest_name(shop: Path, words: str, status: int, said: str) -> None:
    done = command(shop, f"doit {words}")
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said + "\n")
