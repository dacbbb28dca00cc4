"""A directory that this user may not read, or that was deleted, is one line and never a traceback."""
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from platform.config import folders
from platform.config.folders import folders_in
from platform.confined import Folder
from platform.errors import StorageError
from platform.ledger.journal import file_store
from platform.model import ids
from platform.state import remembered
from tests.support import ROOT, command, repository

CLI = "python -m platform.cli"


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied", "modules")


@pytest.mark.parametrize("name", ["tenants", "modules"])
def test_an_unreadable_directory_is_a_problem_at_its_path(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr(Folder, "folder", refuse)
    with Folder.at(tmp_path) as top:
        found, problems = folders_in(top, name, ids.TENANT, "an id", "tenant")
    assert found == []
    assert [str(problem) for problem in problems] == [
        f"{name}:1:1: error[file-unreadable]: the directory cannot be read (Permission denied); "
        "give this user read permission"]


def test_orders_in_an_unreadable_directory_are_not_forgotten(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have no name, so the run reports the directory and does not end as if there were none."""
    (tmp_path / "tenants").mkdir()
    monkeypatch.setattr(Folder, "folder", refuse)
    assert [problem.code for problem in folders.hidden(tmp_path)] == ["file-unreadable"]


def test_an_unreadable_state_is_not_an_internal_error(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(StorageError, match="Permission denied"):
        file_store.exists(tmp_path)


def test_an_unreadable_profile_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from platform import cli, errors

    def read() -> int:
        raise PermissionError(13, "Permission denied", "config/runtime_profile.yml")
    assert cli.guarded(read) == StorageError.exit_status
    with pytest.raises(FileNotFoundError):  # a mistake of ours keeps its traceback
        cli.guarded(lambda: int((tmp_path / "none").stat().st_mode))
    assert errors.unusable(OSError(28, "No space left on device", "x")) == (
        "x: cannot be used (No space left on device); free space, then run again")


@pytest.mark.parametrize("words", ["status", "orchestrator", "runs", "catalogue"])
def test_a_deleted_working_directory_is_one_line(tmp_path: Path, words: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f"rmdir '{gone}'; exec {sys.executable} -m platform.cli {words}"], cwd=gone,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (
        2, ["the working directory was deleted; change to another"])
    assert "Traceback" not in done.stderr


def test_doit_in_a_deleted_directory_gets_no_error_of_our_finder(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    doit = tmp_path / "doit"
    doit.write_text("")
    done = subprocess.run(
        ["sh", "-c", f"rmdir '{gone}'; exec {sys.executable} -S -c "
         f"\"import sys; sys.path.insert(0, '{ROOT}'); sys.orig_argv = ['python', 'doit', 'list']; "
         "import _platform_finder\""], cwd=gone, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


def test_a_state_in_a_directory_that_is_not_text_is_remembered(tmp_path: Path) -> None:
    """Python of another encoding reads the name of a directory with surrogates."""
    folder = tmp_path / os.fsdecode(b"B\xfc ro")
    folder.mkdir()
    assert remembered.places(folder, folder / "runtime", folder / "state", {"HOME": str(tmp_path)},
                             own=True, make=True)


def test_runs_show_without_a_run_asks_for_one(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    for words, says in (("", "no run"), (" a b", "2 runs")):
        done = command(repo, f"{CLI} runs show{words}")
        assert (done.returncode, done.stderr) == (
            2, f"runs show{words}: names {says}; name one: `runs show RUN`\n")


NOBODY = 65534  # root may read everything


@pytest.fixture
def ran() -> Iterator[Path]:
    """A repository that everybody may use, with an order that ran."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    repo = repository(folder / "repo")
    orders = repo / "tenants/tenant/workorders"
    orders.mkdir()
    (orders / "tea.yml").write_text("work_order_id: tea\nsteps:\n  - {step_id: one, "
                                    "module_id: say, kind: transform, deliverables: [said], inputs: {text: tea}}\n")
    done = command(repo, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run(["chmod", "-R", "a+rwX", repo], check=True)
    yield repo
    shutil.rmtree(folder)


def as_nobody(repo: Path, words: str) -> "subprocess.CompletedProcess[str]":
    other = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        [sys.executable, "-m", "platform.cli", *words.split()], cwd=repo, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "HOME": str(repo)}, **other)


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "exit_status"), [
    ("tenants", 10), ("tenants/tenant", 10), ("tenants/tenant/workorders", 10), ("modules", 10),
    ("tenants/tenant/workorders/tea.yml", 10), ("runtime", 15), ("runtime/tenant", 15), ("runtime/tenant/tea", 15),
    ("runtime/tenant/tea/one", 15), ("runtime/tenant/tea/one/run.json", 15), ("runtime/tenant/tea/order.json", 15)])
def test_status_names_what_it_cannot_read_and_calls_no_order_deleted(
        ran: Path, folder: str, exit_status: int) -> None:
    mode = (ran / folder).stat().st_mode
    (ran / folder).chmod(0)
    try:
        every = [as_nobody(ran, words) for words in ("status", "status --summary --json", "status tenant/tea")]
    finally:
        (ran / folder).chmod(mode)
    for done in every:
        assert done.returncode == exit_status, done.stdout + done.stderr
        assert folder in done.stderr and "Permission denied" in done.stderr
        assert "DELETED" not in done.stdout and "DUE" not in done.stdout and "Traceback" not in done.stderr


@pytest.mark.slow
def test_status_reads_what_everybody_may_read(ran: Path) -> None:
    done = as_nobody(ran, "status")
    assert (done.returncode, done.stderr, done.stdout.split()[0]) == (0, "", "COMPLETED")
    (ran / "tenants/tenant/workorders/tea.yml").unlink()
    assert as_nobody(ran, "status").stdout.split()[0] == "DELETED"
