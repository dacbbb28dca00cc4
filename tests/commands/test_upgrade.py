"""`upgrade` replaces what nobody edited, shows what somebody did, and charges nobody again."""
import csv
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from platform import toolfiles
from platform.scaffold.upgrade import RECORD, pinned
from tests.support import ROOT, command

CLI = "python -m platform.cli"
BEFORE = "36b0f61"  # the last commit before a workspace could be apart from the tool
PUBLISH = ".github/workflows/publish.yml"
VERSION = toolfiles.version()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    done = command(tmp_path, f"{CLI} init 'Büro eins' --example")
    assert done.returncode == 0, done.stderr
    return tmp_path / "Büro eins"


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def upgrade(workspace: Path, options: str = "") -> tuple[int, list[str], str]:
    done = command(workspace, f"{CLI} upgrade {options}")
    return done.returncode, done.stdout.splitlines(), done.stderr


def as_written_by(workspace: Path, version: str, path: str, data: bytes) -> None:
    """The workspace as if an earlier version had written the file with these bytes."""
    with (workspace / RECORD).open(newline="") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    (workspace / path).parent.mkdir(parents=True, exist_ok=True)
    (workspace / path).write_bytes(data)
    rows[path] = {"path": path, "version": version, "sha256": hashlib.sha256(data).hexdigest()}
    with (workspace / RECORD).open("w", newline="") as file:
        table = csv.DictWriter(file, ["path", "version", "sha256"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows[name] for name in sorted(rows))


def test_a_new_workspace_is_up_to_date(workspace: Path) -> None:
    assert upgrade(workspace, "--check") == (0, [f"up to date with version {VERSION}"], "")
    assert upgrade(workspace) == (0, [f"up to date with version {VERSION}"], "")


def test_a_file_as_an_earlier_version_wrote_it_is_replaced(workspace: Path) -> None:
    right = (workspace / PUBLISH).read_bytes()
    as_written_by(workspace, "0.0.9", PUBLISH, b"# of 0.0.9\n")
    listed = f"older    {PUBLISH}: of version 0.0.9"
    assert upgrade(workspace, "--check") == (1, [listed], "")
    assert (workspace / PUBLISH).read_bytes() == b"# of 0.0.9\n"
    assert upgrade(workspace) == (0, [f"written  {PUBLISH}", f"written  {RECORD}"], "")
    assert (workspace / PUBLISH).read_bytes() == right
    assert upgrade(workspace, "--check")[0] == 0


def test_an_edit_counts_only_when_the_tools_file_has_changed(workspace: Path) -> None:
    with (workspace / PUBLISH).open("a") as file:
        file.write("# mine\n")
    assert upgrade(workspace, "--check")[0] == 0
    as_written_by(workspace, "0.0.9", PUBLISH, b"# of 0.0.9\n")
    (workspace / PUBLISH).write_text("# of 0.0.9\n# mine \x1b[31m\n")
    assert upgrade(workspace, "--check")[:2] == (
        1, [f"edited   {PUBLISH}: edited here, and different in this version"])
    status, said, _ = upgrade(workspace)
    assert status == 1 and "-# of 0.0.9" in said and "+name: publish" in said and "\x1b" not in "".join(said)
    assert said[-1] == (f"merge it, then `{CLI} upgrade --keep {PUBLISH}`; or take the tool's: `{CLI} upgrade "
                        f"--replace {PUBLISH}`")
    assert "# mine" in (workspace / PUBLISH).read_text()


@pytest.mark.parametrize("option", ["--keep", "--replace"])
def test_an_edited_file_is_kept_or_replaced_when_a_person_says_so(workspace: Path, option: str) -> None:
    as_written_by(workspace, "0.0.9", PUBLISH, b"# of 0.0.9\n")
    (workspace / PUBLISH).write_text("# mine\n")
    assert upgrade(workspace, f"{option} {PUBLISH}")[0] == 0
    assert upgrade(workspace, "--check")[0] == 0
    assert ((workspace / PUBLISH).read_text() == "# mine\n") == (option == "--keep")
    assert upgrade(workspace, f"{option} {PUBLISH}") == (
        2, [], f"{PUBLISH}: not an edited file that is older than the tool; there is none\n")


def test_headers_lead_to_the_new_schemas_and_the_old_ones_go(workspace: Path) -> None:
    order = workspace / "tenants/aB3dE9/workorders/outline.yml"
    right = order.read_bytes()
    new, old = f".platform/schemas/{VERSION}/", ".platform/schemas/0.0.9/"
    order.write_bytes(right.replace(new.encode(), old.encode()))
    as_written_by(workspace, "0.0.9", f"{old}workorder.schema.json", b"{}")
    (workspace / new / "module.schema.json").unlink()
    assert upgrade(workspace, "--check")[:2] == (1, [
        "header   tenants/aB3dE9/workorders/outline.yml: its header leads to the schema of another version",
        f"unused   {old}workorder.schema.json: of version 0.0.9, and no longer used"])
    assert upgrade(workspace)[0] == 0
    assert order.read_bytes() == right and not (workspace / old / "workorder.schema.json").exists()
    assert command(workspace, f"{CLI} quote").returncode == 0


def test_the_pin_follows_the_tool_and_keeps_its_extras(workspace: Path) -> None:
    pin = workspace / "requirements.txt"
    pin.write_text("requests==2.0\nplatform-runner[s3]==0.0.9  # the tool\n")
    assert upgrade(workspace, "--check")[:2] == (1, ["pin      requirements.txt: names another version"])
    assert upgrade(workspace)[0] == 0
    assert pin.read_text() == f"requests==2.0\nplatform-runner[s3]=={VERSION}  # the tool\n"


def test_a_workspace_of_a_later_version_is_refused(workspace: Path) -> None:
    (workspace / "requirements.txt").write_text("platform-runner==99.1.0\n")
    assert upgrade(workspace) == (
        2, [], f"{workspace}: this workspace is of version 99.1.0, and this tool is {VERSION}; install "
               "platform-runner==99.1.0 or later\n")


def test_a_file_that_the_operator_deleted_stays_deleted(workspace: Path) -> None:
    (workspace / PUBLISH).unlink()
    assert upgrade(workspace)[0] == 0
    assert not (workspace / PUBLISH).exists()


def test_a_workspace_without_a_record_gets_one_and_loses_nothing(workspace: Path) -> None:
    (workspace / RECORD).unlink()
    (workspace / PUBLISH).write_text("# mine\n")
    (workspace / "doit.cfg").unlink()
    status, said, _ = upgrade(workspace)
    assert status == 1 and "written  doit.cfg" in said
    assert (workspace / PUBLISH).read_text() == "# mine\n"
    assert upgrade(workspace, "--check")[1] == [f"edited   {PUBLISH}: edited here, and different in this version"]


def test_a_damaged_record_is_refused_with_its_line(workspace: Path) -> None:
    with (workspace / RECORD).open("a") as file:
        file.write("doit.cfg,later,zz\n")
    status, _, said = upgrade(workspace)
    assert status == 10 and f"{RECORD}:" in said and "error[" in said and "Traceback" not in said


def test_a_checkout_of_the_tool_is_left_to_git() -> None:
    assert upgrade(ROOT, "--check") == (0, [f"up to date with version {VERSION}"], "")


def test_only_the_tools_own_requirement_is_pinned() -> None:
    from platform.app.tool import tool_of
    text = b"platform-runner-extra==1\nmy-platform-runner==1\nplatform-runner == 0.1 ; python_version > '3'\n"
    assert pinned(tool_of(), text) == text.replace(b"== 0.1 ;", f"== {VERSION} ;".encode())


@pytest.mark.parametrize("path", ["../secret", "config/payments.csv", ".platform/../config/tenants.csv",
                                  "/etc/hostname", ".github/../../secret"])
def test_a_record_cannot_have_another_file_removed(workspace: Path, path: str) -> None:
    (workspace.parent / "secret").write_text("secret")
    target = workspace / path
    digest = hashlib.sha256(target.read_bytes()).hexdigest() if target.exists() else "0" * 64
    with (workspace / RECORD).open("a") as file:
        file.write(f"{path},0.0.9,{digest}\n")
    was = target.exists()
    assert upgrade(workspace)[0] == 0
    assert target.exists() == was


def test_a_link_in_the_place_of_a_file_is_not_followed(workspace: Path) -> None:
    (workspace.parent / "theirs").write_text("theirs")
    as_written_by(workspace, "0.0.9", PUBLISH, b"# of 0.0.9\n")
    (workspace / PUBLISH).unlink()
    (workspace / PUBLISH).symlink_to(workspace.parent / "theirs")
    status, _, said = upgrade(workspace)
    assert status == 15 and PUBLISH in said and (workspace.parent / "theirs").read_text() == "theirs"


@pytest.mark.slow
def test_records_of_an_earlier_format_are_counted_until_the_next_run(workspace: Path) -> None:
    assert command(workspace, f"{CLI} orchestrator").returncode == 0
    record = workspace / "runtime" / "aB3dE9" / "outline" / "text" / "run.json"
    value = json.loads(record.read_text())
    assert value["inputs"]["format"] == 2
    value["inputs"]["format"] = 1
    record.write_text(json.dumps(value))
    assert upgrade(workspace, "--check")[:2] == (
        1, ["1 run record of an earlier format: the next run repeats these steps, free of charge"])


@pytest.mark.slow
def test_a_later_version_over_a_workspace_with_a_ledger(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything of the earlier version moves to the new one, nothing is charged, and every header still leads to a
    schema."""
    assert command(workspace, f"{CLI} orchestrator").returncode == 0
    journal = (workspace / ".billing-state" / "journal.csv").read_bytes()
    monkeypatch.setattr(toolfiles, "version", lambda: "99.0.0")
    status, listed, _ = upgrade(workspace, "--check")
    assert status == 1 and {line.split()[0] for line in listed} == {"missing", "pin", "header", "unused"}
    assert upgrade(workspace)[0] == 0 and upgrade(workspace, "--check")[0] == 0
    assert (workspace / "requirements.txt").read_text() == "platform-runner==99.0.0\n"
    assert [path.name for path in (workspace / ".platform" / "schemas").iterdir()] == ["99.0.0"]
    for path in workspace.rglob("*.yml"):
        first = path.read_text().partition("\n")[0]
        if "$schema=" in first:
            assert (path.parent / first.partition("$schema=")[2]).is_file(), path
    done = command(workspace, f"{CLI} orchestrator")
    assert "steps: 6 up to date; nothing posted" in done.stdout, done.stdout + done.stderr
    assert (workspace / ".billing-state" / "journal.csv").read_bytes() == journal
    assert command(workspace, f"{CLI} ledger verify").returncode == 0
    monkeypatch.undo()
    assert upgrade(workspace, "--check")[0] == 2  # the earlier tool over a later workspace


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the commit before, in which that commit's own code has run the shipped orders."""
    repo = tmp_path_factory.mktemp("before") / "Büro alt"
    known = subprocess.run(["git", "clone", "--quiet", "--no-local", str(ROOT), str(repo)], capture_output=True,
                           check=False)
    if known.returncode or subprocess.run(["git", "checkout", "--quiet", BEFORE], cwd=repo, capture_output=True,
                                          check=False).returncode:
        pytest.skip(f"this checkout does not have the commit {BEFORE}")
    done = subprocess.run([sys.executable, "-m", "platform.cli", "orchestrator"], cwd=repo, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and "8 ran" in done.stdout, done.stdout + done.stderr
    return repo


def unchanged(repo: Path, journal: bytes) -> None:
    """Nothing is posted or sent again, and the ledger is verified. A step whose code the new version changed runs
    again, free of charge."""
    sent = {folder: tree(repo / folder) for folder in ("outbox", "deliveries")}
    assert all(sent.values())
    quote = json.loads(command(repo, f"{CLI} quote --json").stdout)
    assert quote["total_credits"] == 0
    done = command(repo, f"{CLI} orchestrator")
    assert done.returncode == 0 and "nothing posted" in done.stdout, done.stdout + done.stderr
    assert {folder: tree(repo / folder) for folder in sent} == sent
    again = command(repo, f"{CLI} orchestrator")
    assert again.stdout.startswith("orders: 2 COMPLETED; steps: 8 up to date; nothing posted")
    assert (repo / ".billing-state" / "journal.csv").read_bytes() == journal
    for line in ("ledger verify", "ledger audit", "integrity-validate", "upgrade --check"):
        done = command(repo, f"{CLI} {line}")
        assert done.returncode == 0, (line, done.stdout, done.stderr)


@pytest.mark.slow
def test_a_checkout_with_history_and_ledger_becomes_a_workspace(before: Path, tmp_path: Path) -> None:
    repo = Path(shutil.copytree(before, tmp_path / "Büro", symlinks=True))
    journal = (repo / ".billing-state" / "journal.csv").read_bytes()
    said = command(tmp_path, f"{CLI} -C Büro orchestrator")
    assert (said.returncode, f"make it a workspace with `{CLI} upgrade`" in said.stderr) == (2, True), said.stderr
    listed = command(tmp_path, f"{CLI} -C Büro upgrade --check")
    assert listed.returncode == 1 and "  platform\n" in listed.stdout and (repo / "platform").exists()
    done = command(tmp_path, f"{CLI} -C Büro upgrade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.name for path in repo.iterdir() if path.name[0] not in "._") == [
        "README.md", "config", "deliveries", "dodo.py", "doit.cfg", "maintenance-state", "modules", "outbox",
        "requirements.txt", "runtime", "tenants"]
    assert command(repo, f"{CLI} consistency-validate").returncode == 0
    unchanged(repo, journal)


@pytest.mark.slow
@pytest.mark.parametrize("moves", [1, 12, 25])
def test_a_conversion_that_is_interrupted_continues(before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                    moves: int) -> None:
    """Stopped after so many moves, the same command does the rest."""
    repo = Path(shutil.copytree(before, tmp_path / "Büro", symlinks=True))
    done, rename = [], Path.rename

    def interrupted(path: Path, target: Path) -> Path:
        if ".platform/checkout" in str(target):
            done.append(path)
            if len(done) > moves:
                raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    assert command(tmp_path, f"{CLI} -C Büro upgrade").returncode == 130
    monkeypatch.undo()
    assert command(tmp_path, f"{CLI} -C Büro upgrade").returncode == 0
    assert command(tmp_path, f"{CLI} -C Büro upgrade --check").returncode == 0
    quote = json.loads(command(repo, f"{CLI} quote --json").stdout)
    assert quote["total_credits"] == 0 and len(quote["orders"]) == 2


@pytest.mark.slow
def test_a_checkout_that_is_brought_up_to_date_in_its_place_charges_nothing(before: Path, tmp_path: Path) -> None:
    """What `git pull` does: the new tree in the place of the old one, with all that runs have left."""
    repo = Path(shutil.copytree(before, tmp_path / "Büro", symlinks=True))
    journal = (repo / ".billing-state" / "journal.csv").read_bytes()
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True).stdout
    for name in ("platform", "modules", "schemas", "config"):
        shutil.rmtree(repo / name)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "platform/", "_platform_")):
            (repo / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repo / name)
    unchanged(repo, journal)
