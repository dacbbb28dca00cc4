"""The few names of doit's that the plugin uses without doit's promise: each is tried on the doit that is installed."""
from pathlib import Path

import pytest
from doit.cmd_base import ModuleTaskLoader
from doit.cmd_run import Run
from doit.cmdparse import CmdParseError
from doit.dependency import Dependency, JsonDB
from doit.doit_cmd import DoitMain
from doit.task import Stream, dict_to_task

from platform.doit_plugin.adapter import LAST_KEY, command_line_variables, parse_error


def test_the_variables_of_a_command_line_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert DoitMain(ModuleTaskLoader({"task_a": lambda: {"actions": None}})).run(["list", "one=1", "two=a=b"]) == 0
    assert command_line_variables() == {"one": "1", "two": "a=b"}


def test_a_success_writes_this_key_last(tmp_path: Path) -> None:
    """A backend that writes a task when it gets this key has all of it."""
    keys = []

    class Noting(JsonDB):  # type: ignore[misc]  # doit has no types
        def set(self, task_id: str, dependency: str, value: object) -> None:
            keys.append(dependency)
            super().set(task_id, dependency, value)

    file = tmp_path / "in"
    file.write_text("x")
    task = dict_to_task({"name": "a", "actions": [lambda: {"value": 1}], "file_dep": [str(file)]})
    assert task.execute(Stream(0)) is None
    Dependency(Noting, str(tmp_path / "db")).save_success(task)
    assert keys[-1] == LAST_KEY and keys.count(LAST_KEY) == 1 and len(keys) > 2


def test_an_error_of_the_options_has_its_list_cut_off() -> None:
    with pytest.raises(CmdParseError) as caught:
        Run(task_loader=ModuleTaskLoader({})).parse_execute(["--nothing-like-it"])
    assert "(parsing options" in str(caught.value)  # what is cut off is still said so
    assert parse_error(caught.value, []) == "option --nothing-like-it not recognized"
    near = parse_error(caught.value, ["--nothing-like-this", "--other"])
    assert near == "option --nothing-like-it not recognized; did you mean --nothing-like-this?"
