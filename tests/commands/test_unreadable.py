"""A directory that this user may not read, or that was deleted, is one line and never a traceback."""
import os
import subprocess
import sys
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
