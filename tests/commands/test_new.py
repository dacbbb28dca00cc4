"""`new`: what it writes validates at once, works at once, and replaces nothing."""
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from platform.model.order import Kind
from tests.support import ROOT, command, repository

CLI = "python -m platform.cli"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


def done(repo: Path, line: str) -> str:
    ended = command(repo, f"{CLI} {line}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def refused(repo: Path, line: str) -> tuple[int, str]:
    ended = command(repo, f"{CLI} {line}")
    return ended.returncode, ended.stderr.strip()


def warnings(repo: Path) -> list[str]:
    """What consistency-validate says; it must not call anything an error."""
    return [line for line in done(repo, "consistency-validate").splitlines() if "warning[" in line]


def test_a_tenant_gets_an_id_that_follows_from_its_name_and_validates(repo: Path) -> None:
    made = json.loads(done(repo, 'new tenant --name "Ferry Office: No. 5 #2" --json'))
    assert re.fullmatch("[0-9A-Za-z]{6}", made["tenant_id"])
    folder = f"tenants/{made['tenant_id']}"
    assert made["written"] == [f"{folder}/tenant.yml", f"{folder}/.gitattributes"]
    assert warnings(repo) == []
    assert (repo / "config/tenants.csv").read_text().splitlines()[-1] == f"{made['tenant_id']},active,,"
    again = refused(repo, 'new tenant --name "Ferry Office: No. 5 #2"')
    assert again == (11, f"tenants/{made['tenant_id']} already exists; give another --tenant-id, or "
                         "edit "
                         f"{made['written'][0]}")


def test_a_tenants_name_and_id_must_be_such(repo: Path) -> None:
    assert refused(repo, "new tenant --name Ferry --tenant-id ../../x") == (
        2, "--tenant-id '../../x' is not an id; write 6 letters or digits")
    code, line = refused(repo, "new tenant --name '' --tenant-id Ferry1")
    assert (code, "wrong-length" in line) == (10, True)
    assert refused(repo, "new tenant --name a\x1bb --tenant-id Ferry1")[0] == 10
    assert not (repo / "tenants" / "Ferry1").exists()


@pytest.mark.slow
def test_a_draft_of_an_order_validates_and_runs_when_it_is_enabled(repo: Path) -> None:
    done(repo, "new workorder --tenant-id tenant --work-order-id weekly-text")
    [unfilled] = warnings(repo)
    assert "weekly-text.yml:12:10: warning[not-filled-in]: the text still says FILL IN" in unfilled
    file = repo / "tenants/tenant/workorders/weekly-text.yml"
    text = file.read_text()
    assert "FILL IN" in text
    packed = re.sub(r"^  # (- step_id|  [ \w])", r"  \1", text, flags=re.M)
    enabled = packed.replace("enabled: false", "enabled: true").replace(
        "artifacts_requested: false", "artifacts_requested: true")
    file.write_text(enabled)
    code, said = refused(repo, "quote tenant/weekly-text")
    assert (code, "error[not-filled-in]" in command(repo, f"{CLI} quote").stdout) == (10, True), said
    file.write_text(enabled.replace("FILL IN what this order is for", "The text of the week"))
    assert warnings(repo) == []
    ran = command(repo, "doit run workorder:tenant/weekly-text")
    assert "COMPLETED    tenant/weekly-text  3 of 3 steps" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize("module_id", sorted(path.parent.name for path in ROOT.glob("modules/*/module.yml")))
def test_a_draft_for_any_module_is_without_error_and_names_all_its_inputs(repo: Path, module_id: str) -> None:
    made = json.loads(done(repo, f"new workorder --tenant-id tenant --module-id {module_id} --json"))
    said = warnings(repo)
    assert all(made["written"][0] in line for line in said)
    text = (repo / made["written"][0]).read_text()
    assert f"module_id: {module_id}" in text
    again = json.loads(done(repo, f"new workorder --tenant-id tenant --module-id {module_id} --json"))
    assert again["work_order_id"].casefold() != made["work_order_id"].casefold()


@pytest.mark.slow
def test_an_order_for_nobody_of_nothing_or_in_anothers_place_is_refused(repo: Path) -> None:
    assert refused(repo, "new workorder --tenant-id tenat0") == (
        2, "tenant 'tenat0' does not exist; did you mean `tenant`?")
    assert refused(repo, "new workorder --tenant-id tenant --module-id seed_txt") == (
        2, "module 'seed_txt' does not exist or has errors; did you mean `seed_text`?")
    assert refused(repo, "new workorder --tenant-id tenant --work-order-id ../x")[0] == 2
    done(repo, "new workorder --tenant-id tenant --work-order-id tea")
    file = repo / "tenants/tenant/workorders/tea.yml"
    file.write_text("mine")
    assert refused(repo, "new workorder --tenant-id tenant --work-order-id tea")[0] == 11
    assert file.read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind.value for kind in Kind])
def test_a_module_passes_its_self_test_and_its_own_tests_at_once(repo: Path, kind: str) -> None:
    said = done(repo, f"new module --module-id first_{kind} --kind {kind}")
    assert said.splitlines()[-2:] == ["added to config/module_prices.csv",
                                      f"next: python -m platform.cli verify-module --module-id first_{kind}"]
    assert done(repo, f"verify-module --module-id first_{kind}").startswith(f"passed  first_{kind}  ")
    assert warnings(repo) == []
    module = repo / "modules" / f"first_{kind}"
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "-c",
                            str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(module)],
                           capture_output=True, text=True, check=False)
    assert tests.returncode == 0, tests.stdout + tests.stderr
    readme = (module / "README.md").read_text()
    contract = (module / "module.yml").read_text()
    named = re.findall(r"(?:- id|\{id|deliverable_id): (\w+)", contract)
    assert [name for name in named if f"`{name}`" not in readme] == []
    assert not re.search(r"\{\{\w+\}\}", contract + readme)
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if ruff:
        clean = subprocess.run([ruff, "check", "--config", str(ROOT / "pyproject.toml"), str(module)],
                               capture_output=True, text=True, check=False)
        assert clean.returncode == 0, clean.stdout


@pytest.mark.slow
def test_a_new_module_is_priced_once_and_never_replaced(repo: Path) -> None:
    prices = repo / "config" / "module_prices.csv"
    before = prices.read_text()
    done(repo, "new module --module-id mine --kind transform")
    added = prices.read_text().removeprefix(before).splitlines()
    assert [row.split(",")[:3] for row in added] == [["mine", "__run__", "5"], ["mine", "tenant_outputs", "2"]]
    assert refused(repo, "new module --module-id mine --kind transform") == (
        11, "modules/mine already exists; give another --module-id")
    shutil.rmtree(repo / "modules" / "mine")
    assert "unchanged config/module_prices.csv" in done(repo, "new module --module-id mine --kind transform")
    assert refused(repo, "new module --module-id Mine! --kind transform")[0] == 2
    assert refused(repo, "new modul --module-id x1 --kind transform") == (
        2, "python -m platform.cli new has no command 'modul'; did you mean module?")


def test_a_new_file_is_written_through_no_link(repo: Path) -> None:
    (repo / "tenants" / "tenant" / "workorders").symlink_to(repo / "config")
    before = sorted(path.name for path in (repo / "config").iterdir())
    code, line = refused(repo, "new workorder --tenant-id tenant --work-order-id weekly-text")
    assert (code, "workorders is a symbolic link" in line) == (15, True)
    assert sorted(path.name for path in (repo / "config").iterdir()) == before


@pytest.mark.parametrize("fixture", ["/etc/passwd", "../../tenants/tenant/tenant.yml"])
def test_a_fixture_is_below_its_modules_folder(repo: Path, fixture: str) -> None:
    done(repo, "new module --module-id ferry --kind packaging")
    contract = repo / "modules/ferry/module.yml"
    text = contract.read_text()
    assert "fixtures/note.txt" in text
    contract.write_text(text.replace("fixtures/note.txt", fixture))
    ended = command(repo, f"{CLI} verify-module --module-id ferry")
    assert (ended.returncode, "has a fixture that is not in its directory" in ended.stdout + ended.stderr) == (1, True)


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
                  and path.suffix != ".pyc")


@pytest.mark.slow
@pytest.mark.parametrize("source", sorted(path.parent.name for path in ROOT.glob("modules/*/module.yml")))
def test_a_copy_of_any_module_is_valid_passes_and_has_its_own_id(repo: Path, source: str) -> None:
    said = done(repo, f"new module --from {source} --module-id my_copy --name 'My: copy'")
    assert "added to config/module_prices.csv" in said
    assert done(repo, "verify-module my_copy").startswith("passed  my_copy  ")
    if granted := re.search(r"^to give it secrets, add to module_secrets of (\S+):  (.*)$", said, re.M):
        profile = repo / granted[1]
        profile.write_text(profile.read_text().replace("module_secrets:", f"module_secrets:\n  {granted[2]}"))
    assert [line for line in warnings(repo) if "my_copy" in line] == []
    old, new = repo / "modules" / source, repo / "modules/my_copy"
    assert names_in(new) == names_in(old)
    before = (old / "module.yml").read_text().replace(f"module_id: {source}", "module_id: my_copy")
    assert [line for line in (new / "module.yml").read_text().splitlines()
            if line not in before.splitlines() and not line.startswith(("name:", "requirements:", "  provider:"))] == []
    assert not re.search(rf"module_id: {source}\b|^# {source}\b|`{source}`", (new / "README.md").read_text(), re.M)
    prices = [row.split(",")[:3] for row in (repo / "config/module_prices.csv").read_text().splitlines()]
    assert [row[1:] for row in prices if row[0] == "my_copy"] == [row[1:] for row in prices if row[0] == source]


@pytest.mark.slow
def test_a_copied_delivery_keeps_its_provider_and_names_the_secrets_that_it_lacks(repo: Path) -> None:
    said = done(repo, "new module --from deliver_email --module-id post_office")
    assert "provider: email" in (repo / "modules/post_office/module.yml").read_text()
    assert "add to module_secrets of config/runtime_profile.yml:  post_office: [SMTP_PASSWORD]" in said


def test_a_copy_of_nothing_or_of_two_kinds_is_refused(repo: Path) -> None:
    assert refused(repo, "new module --from seed_txt --module-id mine") == (
        2, "module 'seed_txt' does not exist; did you mean `seed_text`?")
    assert refused(repo, "new module --from seed_text --kind other --module-id mine") == (
        2, "a copy has the kind of its source; remove --kind")
    assert refused(repo, "new module --module-id mine")[0] == 2
    (repo / "modules/seed_text/module.yml").write_text("module_id: seed_text\n")
    code, said = refused(repo, "new module --from seed_text --module-id mine")
    assert (code, "error[missing-field]" in said) == (10, True)
    assert not (repo / "modules/mine").exists()


@pytest.mark.parametrize("failing", ["module.yml", "run.py"])
def test_what_a_full_disk_stops_leaves_nothing(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """Else the next try finds a module that exists, and every command an empty module.yml."""
    from platform.commands import new
    from platform.errors import StorageError

    (tmp_path / "modules").mkdir()
    real = new.create

    def full(top: object, file: str, data: bytes) -> None:
        if file.endswith(failing):
            raise OSError(28, "No space left on device", file)
        real(top, file, data)  # type: ignore[arg-type]
    monkeypatch.setattr(new, "create", full)
    with pytest.raises(StorageError, match="nothing was left"):
        new._write(tmp_path, {"modules/abc/README.md": b"x", "modules/abc/module.yml": b"x",
                              "modules/abc/src/run.py": b"x"})
    assert list(tmp_path.rglob("*")) == [tmp_path / "modules"]


def test_a_file_that_a_full_disk_cuts_off_is_removed(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from platform import confined

    class Full(io.BytesIO):
        def __init__(self, handle: int, _: str) -> None:
            super().__init__()
            os.close(handle)

        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")
    monkeypatch.setattr(confined, "open", Full, raising=False)
    with pytest.raises(OSError, match="No space"), confined.Folder.at(tmp_path) as top:
        confined.create(top, "module.yml", b"x")
    assert list(tmp_path.iterdir()) == []
