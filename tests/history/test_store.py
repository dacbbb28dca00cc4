"""What a run leaves in the history, and who may read it: links, crashes, full disks, two at once."""
from pathlib import Path

import pytest

from platform.app.past_runs import PastRuns
from platform.model.history import RunState
from tests import support


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return support.delivered(tmp_path / "repo")


def _runs(repo: Path) -> PastRuns:
    return PastRuns(repo / "runtime")


def test_a_run_leaves_its_tasks_records_and_logs(repo: Path) -> None:
    past = _runs(repo)
    [run] = past.since()
    assert run.state is RunState.COMPLETED and run.invocation.command == "doit run"
    tally = run.invocation.tally
    assert (tally.completed, tally.failed, tally.charged_credits) == (4, 0, 14)
    steps = [each for each in past.attempts(run) if each.step]
    assert [each.step.step_id for each in steps if each.step] == ["one", "two", "package", "put"]
    for each in steps:
        record = past.history.blob(run.invocation.day, each.record)
        assert record == (repo / "runtime" / "tenant" / "tea" / each.task.rpartition("/")[2] / "run.json").read_bytes()


def test_a_run_without_work_leaves_one_line(repo: Path) -> None:
    [day] = (repo / "runtime" / ".runs").iterdir()
    before, index = sorted(day.iterdir()), (day / "index.jsonl").read_bytes()
    assert support.command(repo, "doit run").returncode == 0
    assert sorted(day.iterdir()) == before
    added = (day / "index.jsonl").read_bytes().removeprefix(index)
    assert added.count(b"\n") == 1 and len(added) < 400
    newest = next(_runs(repo).since())
    assert newest.state is RunState.COMPLETED and not newest.invocation.did_something


def test_a_name_that_is_no_task_is_no_run(repo: Path) -> None:
    assert support.command(repo, "doit run workorder:tenant/tee").returncode == 2
    assert len(list(_runs(repo).since())) == 1
