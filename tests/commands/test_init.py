"""`init` writes a workspace that is valid as written, resolves its schemas, and replaces nothing."""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from platform import toolfiles
from platform.app.tool import SCHEMA_KINDS
from tests.support import ROOT, command, rows

CLI = "python -m platform.cli"
SAME_AS_HERE = ("dodo.py", ".gitattributes", "config/module_prices.csv", "config/topup_methods.csv")


def done(here: Path, line: str) -> str:
    ended = command(here, line)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


@pytest.fixture(params=["", " --example"])
def workspace(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    done(tmp_path, f"{CLI} init 'Büro eins'{request.param}")
    return tmp_path / "Büro eins"


def test_a_new_workspace_has_no_warning_and_its_derived_files_are_up_to_date(workspace: Path) -> None:
    said = done(workspace, f"{CLI} consistency-validate")
    assert said.endswith(", 9 modules: 0 errors, 0 warnings\n") and said.count("\n") == 1
    assert done(workspace, f"{CLI} maintenance --check").startswith("up to date")
    assert not (workspace / "runtime").exists() and not (workspace / ".billing-state").exists()
    assert [path.name for path in workspace.parent.iterdir()] == ["Büro eins"]


def test_it_has_what_this_repository_has_where_both_are_workspaces(workspace: Path) -> None:
    for name in SAME_AS_HERE:
        assert (workspace / name).read_bytes() == (ROOT / name).read_bytes(), name
    for name in ("runtime_profile", "runtime_profile.ci", "repository_settings"):
        ours, theirs = (yaml.safe_load((top / "config" / f"{name}.yml").read_text()) for top in (ROOT, workspace))
        assert ours == theirs
    config = {path.name for path in (workspace / "config").iterdir()}
    assert {path.name for path in (ROOT / "config").iterdir()} - config == {
        "reasons.yml", "runtime_profile.dev_github.yml"}  # the tool has the reasons; the other is for its developers
    assert (workspace / "requirements.txt").read_text() == f"platform-runner=={toolfiles.version()}\n"
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    kept = [line for line in (workspace / ".gitignore").read_text().splitlines() if not line.startswith("#")]
    assert {line.rstrip("*") for line in kept} - {line.rstrip("*") for line in ignored} == {"/.platform/checkout/"}


@pytest.mark.slow
def test_every_header_leads_to_a_schema_that_the_file_conforms_to(workspace: Path) -> None:
    done(workspace, f"{CLI} new tenant --name Ferry --tenant-id Ferry1")
    done(workspace, f"{CLI} new workorder --tenant-id Ferry1 --work-order-id first")
    done(workspace, f"{CLI} new module --module-id word_count --kind transform")
    checked = 0
    for path in sorted(workspace.rglob("*.yml")):
        header = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text())
        if header:
            target = (path.parent / header[1]).resolve()
            assert target.is_relative_to(workspace) and toolfiles.version() in target.parts, path
            ended = subprocess.run([str(Path(sys.executable).parent / "check-jsonschema"), "--schemafile", str(target),
                                    str(path)], capture_output=True, text=True, check=False)
            assert ended.returncode == 0, ended.stdout
            checked += 1
    assert checked >= 6
    assert {path.name.partition(".")[0] for path in workspace.glob(".platform/schemas/*/*")} == {*SCHEMA_KINDS}


def test_a_header_of_a_checkout_leads_to_its_own_schemas(tmp_path: Path) -> None:
    from tests.support import repository
    repo = repository(tmp_path / "repo")
    done(repo, f"{CLI} new tenant --name Ferry --tenant-id Ferry1")
    assert "$schema=../../schemas/tenant.schema.json" in (repo / "tenants/Ferry1/tenant.yml").read_text()


def test_a_schema_that_a_workspace_lacks_comes_with_the_file(workspace: Path) -> None:
    shutil.rmtree(workspace / ".platform")
    said = json.loads(done(workspace, f"{CLI} new tenant --name Ferry --tenant-id Ferry1 --json"))
    assert (workspace / f".platform/schemas/{toolfiles.version()}/tenant.schema.json").is_file()
    assert "tenants/Ferry1/tenant.yml" in said["written"]


def test_it_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine" / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / "mine" / "README.md").write_text("mine\n")
    (tmp_path / "mine" / ".github" / "workflows" / "publish.yml").write_text("on: push\n")
    (tmp_path / "mine" / "config").symlink_to(tmp_path)
    before = tree(tmp_path)
    ended = command(tmp_path, f"{CLI} init mine")
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        2, "", f"{tmp_path}/mine: nothing was written, because these exist already: .github/workflows/publish.yml, "
               "README.md, config; remove them, or name another directory\n")
    assert tree(tmp_path) == before


def test_a_workspace_is_not_written_again(workspace: Path) -> None:
    for here, name in ((workspace.parent, workspace.name), (workspace, ".")):
        ended = command(here, f"{CLI} init '{name}'")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith(f"{workspace}: is a workspace already; nothing was written; `{CLI} -C ")
    assert done(workspace, f"{CLI} upgrade --check").startswith("up to date")


def test_it_writes_into_a_directory_with_other_files_and_into_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "mine" / "tenants").mkdir(parents=True)
    (tmp_path / "mine" / "LICENSE").write_text("mine\n")
    assert done(tmp_path / "mine", f"{CLI} init .")
    assert done(tmp_path / "mine", f"{CLI} consistency-validate")
    assert (tmp_path / "mine" / "LICENSE").read_text() == "mine\n"
    assert not list((tmp_path / "mine").glob(".platform-init*"))


@pytest.mark.parametrize("name", ["file", "file/below", "dangling"])
def test_a_place_that_cannot_be_a_directory_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    ended = command(tmp_path, f"{CLI} init {name}")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1) and "is not a directory" in ended.stderr
    assert tree(tmp_path) == ["dangling", "file"]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["new/below", "existing"])
def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, place: str) -> None:
    """A file system of its own, for which every size is tried until the workspace fits."""
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    for pages in (*range(8, 80, 12), 400):
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={pages * 4096}", "tmpfs", str(disk)],
                          capture_output=True, check=False).returncode:
            pytest.skip("this machine mounts no file system")
        try:
            (disk / "existing").mkdir()
            ended = command(tmp_path, f"{CLI} init disk/{place}")
            if ended.returncode == 0:
                assert pages > 8 and done(disk / place, f"{CLI} consistency-validate")
                return
            assert (ended.returncode, tree(disk), [*disk.iterdir()]) == (15, [], [disk / "existing"]), ended.stderr
            assert ended.stderr == (f"{disk}/{place}: the workspace cannot be written (No space left on device); "
                                    "nothing was left; fix the cause, then try again\n")
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    raise AssertionError("the workspace never fitted")


def test_the_example_can_be_quoted_from_its_payment(tmp_path: Path) -> None:
    done(tmp_path, f"{CLI} init here --example")
    quote = json.loads(done(tmp_path, f"{CLI} -C here quote --json"))
    assert (quote["total_credits"], [order["total_credits"] for order in quote["orders"]]) == (18, [9, 9])
    assert rows(tmp_path / "here" / "config" / "payments.csv")[0]["amount_credits"] == "100"


@pytest.mark.slow
def test_the_workflows_are_safe_and_take_ids_as_text(tmp_path: Path) -> None:
    done(tmp_path, f"{CLI} init here")
    files = [str(path) for path in (*tmp_path.glob("here/.github/workflows/*.yml"),
                                    *tmp_path.glob("here/.github/actions/*/action.yml"))]
    ended = subprocess.run([sys.executable, str(ROOT / "scripts" / "check_workflows"), *files], cwd=tmp_path / "here",
                           capture_output=True, text=True, check=False)
    assert ended.returncode == 0 and ended.stdout == f"{len(files)} files: safe to have\n", ended.stdout + ended.stderr
    for path in files:
        text = Path(path).read_text()
        assert not re.search("type: choice|maintenance:begin|scripts/|doit ", text), path


def test_the_commands_of_the_workflows_are_known(tmp_path: Path) -> None:
    """Each with `--help` instead of its values: a command or an option that does not exist is a mistake."""
    done(tmp_path, f"{CLI} init here")
    lines = {line for path in tmp_path.glob("here/.github/workflows/*.yml")
             for line in re.findall(r"python -m platform\.cli ([^\n>]+)", path.read_text())}
    assert len(lines) >= 9
    for line in lines:
        words = line.replace("${SCHEDULED:+--scheduled}", "--scheduled").replace("$AMOUNT_CREDITS", "5").strip()
        ended = command(tmp_path / "here", f"{CLI} {words} --help")
        assert ended.returncode == 0, (line, ended.stderr)


@pytest.mark.parametrize(("line", "legs"), [
    ("", [("aB3dE9", "")]), ("--tenant-id all --work-order all", [("aB3dE9", "")]),
    ("--tenant-id ' aB3dE9 '", [("aB3dE9", "")]), ("--work-order aB3dE9/outline", [("aB3dE9", "outline")]),
    ("--scheduled", []),
])
def test_a_matrix_has_a_leg_for_what_was_typed(tmp_path: Path, line: str, legs: list[tuple[str, str]]) -> None:
    done(tmp_path, f"{CLI} init here --example")
    said = done(tmp_path, f"{CLI} -C here workflow-matrix {line}")
    wanted = [{"tenant_id": tenant, "work_order_id": order} for tenant, order in legs]
    assert said == f"legs={json.dumps(wanted)}\n"


@pytest.mark.parametrize(("line", "error"), [
    ("workflow-matrix --tenant-id aB3dE8",
     "tenant 'aB3dE8' has no enabled work order; did you mean aB3dE9? the choices are aB3dE9"),
    ("workflow-matrix --work-order aB3dE9/outlin",
     "order 'aB3dE9/outlin' is not an enabled work order; did you mean aB3dE9/outline or aB3dE9/letter? the "
     "choices are aB3dE9/letter, aB3dE9/outline"),
    ("admin-topup --tenant-id aB3dE9 --amount-credits 1 --topup-method-id bankwire --reference x",
     "top-up method 'bankwire' does not exist or is not enabled; did you mean bank-wire? the choices are bank-wire, "
     "card, invoice"),
    ("admin-topup --tenant-id zzzzzz --amount-credits 1 --topup-method-id card --reference x",
     "--tenant-id: tenant 'zzzzzz' does not exist; the choices are aB3dE9"),
])
def test_a_wrong_id_names_the_nearest_ones_and_the_choices(tmp_path: Path, line: str, error: str) -> None:
    done(tmp_path, f"{CLI} init here --example")
    ended = command(tmp_path / "here", f"{CLI} {line}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", f"{error}\n")


@pytest.mark.slow
def test_the_checks_before_a_commit_pass(tmp_path: Path) -> None:
    done(tmp_path, f"{CLI} init here --example")
    [local] = yaml.safe_load((tmp_path / "here" / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["id"] for hook in local["hooks"]] == ["platform-consistency-validate", "platform-maintenance"]
    for hook in local["hooks"]:
        assert done(tmp_path / "here", hook["entry"])
    (tmp_path / "here" / "maintenance-state" / "workorders_index.csv").unlink()
    assert command(tmp_path / "here", local["hooks"][1]["entry"]).returncode == 1
