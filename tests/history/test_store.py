"""What a run leaves in the history, and who may read it: links, crashes, full disks, two at once."""
import subprocess
import sys
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
    assert newest.state is RunState.COMPLETED and not newest.invocation.tenants


def test_a_name_that_is_no_task_is_no_run(repo: Path) -> None:
    assert support.command(repo, "doit run workorder:tenant/tee").returncode == 2
    assert len(list(_runs(repo).since())) == 1


def test_publishing_by_hand_is_a_run(repo: Path) -> None:
    done = support.command(repo, "python scripts/publish_artifacts_release.py --no-publish")
    assert done.returncode == 0, done.stdout + done.stderr
    past = _runs(repo)
    newest = next(past.since())
    assert newest.invocation.command == "publish_artifacts_release.py --no-publish"
    [task] = past.attempts(newest)
    assert (task.task, task.state) == ("publish:tenant/tea", "COMPLETED")


def test_an_error_before_any_task_is_the_run_s(repo: Path) -> None:
    """Its journal is damaged: nothing runs, and the morning's list says why."""
    journal = repo / ".billing-state" / "journal.csv"
    journal.write_bytes(journal.read_bytes().replace(b"SPEND", b"SPENT", 1))
    assert support.command(repo, "doit run").returncode == 13
    past = _runs(repo)
    newest = next(past.since())
    assert newest.state is RunState.FAILED and newest.invocation.exit_status == 13
    told = " ".join([newest.invocation.error, *(each.message for each in past.attempts(newest))])
    assert "journal.csv" in told
    shown = support.command(repo, "python -m platform.cli runs show last")
    assert (shown.returncode, "journal.csv" in shown.stdout, "Traceback" in shown.stderr) == (0, True, False)


def test_a_quote_that_no_longer_holds_is_the_run_s_error(repo: Path) -> None:
    assert support.command(repo, "python -m platform.cli quote --save quote.json").returncode == 0
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.write_text(support.TEA.replace("text: milk", "text: cream"))
    assert support.command(repo, "python -m platform.cli orchestrator --quote quote.json").returncode == 11
    newest = next(_runs(repo).since()).invocation
    assert newest.exit_status == 11 and newest.error
    assert newest.command.endswith("platform.cli orchestrator --quote quote.json")


def test_a_crash_at_any_byte_leaves_a_history_that_can_be_read(repo: Path) -> None:
    """Whatever the last write had put on the disk: no error, the runs before it, and the next line is whole."""
    [day] = (repo / "runtime" / ".runs").iterdir()
    assert support.command(repo, "doit run").returncode == 0
    index = day / "index.jsonl"
    whole = index.read_bytes()
    lines = whole.splitlines(keepends=True)
    for length in range(len(lines[0]), len(whole) + 1):
        index.write_bytes(whole[:length])
        assert len(list(_runs(repo).since())) == 1 + (length >= len(whole) - 1)
    first = next(run for run in _runs(repo).since() if run.invocation.tenants).invocation
    tasks = day / f"{first.id}.jsonl"
    whole = tasks.read_bytes()
    for length in range(0, len(whole), 7):
        tasks.write_bytes(whole[:length])
        for run in _runs(repo).since():
            _runs(repo).attempts(run)
    index.write_bytes(index.read_bytes() + b'{"id":"cut o')
    assert support.command(repo, "doit run").returncode == 0
    assert len(list(_runs(repo).since())) == 3


WRITERS = """
import _platform_boot, sys
import subprocess
import sys
from pathlib import Path
from platform.history.writer import Writer
from platform.model.history import Invocation
from platform.model.invocation import ALPHABET
for number in range(100):
    name = sys.argv[2] + "".join(ALPHABET[number // 29**power % 29] for power in range(6, -1, -1))
    Writer(Path(sys.argv[1]), name, "2026-11-28").ended(
        Invocation(id=name, began_at="2026-11-28T10:00:00.000Z", exit_status=0, command="x" * 400))
"""


def test_processes_that_write_at_once_lose_no_line(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITERS, str(tmp_path), first], cwd=support.ROOT)
               for first in "0123"]
    assert [writer.wait(timeout=support.LONGEST_WAIT_S) for writer in writers] == [0, 0, 0, 0]
    assert len(list(PastRuns(tmp_path).since())) == 400
