"""Runs that are killed, that run at once, that meet a full disk or a link: what the history says of each."""
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from platform.app.again import still_failed
from platform.app.past_runs import PastRuns
from platform.app.run import Asked, Run
from platform.app.workspace import Workspace
from platform.history import files
from platform.model.history import Attempt, RunState
from platform.model.named import Named
from tests import support

DOIT = str(Path(sys.executable).parent / "doit")
HELD = """work_order_id: held
steps:
  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}
  - {step_id: wait, module_id: talk, kind: transform, needs: [one], inputs: {gate: {asset: gate.txt}}}
"""
TALK = """import sys, time
from pathlib import Path

def run(params, outputs_dir):
    print("it has begun", flush=True)
    while Path(params["gate"]["path"]).read_text().strip() == "wait":
        time.sleep(0.01)
    print("it ends", flush=True)
    Path(outputs_dir, "done.txt").write_text("done")
    return {"status": "COMPLETED"}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """One step that is done at once, and one that talks and waits at its gate."""
    repo = support.repository(tmp_path / "repo")
    hold, talk = repo / "modules" / "hold", repo / "modules" / "talk"
    hold.rename(talk)
    (talk / "module.yml").write_text((talk / "module.yml").read_text().replace("module_id: hold", "module_id: talk"))
    (talk / "src" / "run.py").write_text(TALK)
    prices = repo / "config" / "module_prices.csv"
    prices.write_text(prices.read_text().replace("\nhold,", "\ntalk,"))
    return support.with_gate(repo, "held", HELD)


@contextmanager
def _waiting(repo: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A run whose second step has begun to talk."""
    run = subprocess.Popen([DOIT, "run", *words], cwd=repo, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log = repo / "runtime" / "tenant" / "held" / ".wait.new" / "log.txt"
    try:
        support.until(lambda: log.is_file() and "begun" in log.read_text(), run)
        yield run
    finally:
        run.kill()
        run.communicate(timeout=support.LONGEST_WAIT_S)


def _past(repo: Path) -> PastRuns:
    return PastRuns(repo / "runtime")


def _states(repo: Path) -> list[RunState]:
    return [run.state for run in _past(repo).since()]


def _step(repo: Path, at: int = 0) -> Attempt:
    past = _past(repo)
    run = list(past.since())[at]
    return next(each for each in past.attempts(run) if each.task == "step:tenant/held/wait")


def _log(repo: Path, words: str = "") -> str:
    done = support.command(repo, f"python -m platform.cli log step:tenant/held/wait {words}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_killed_run_is_interrupted_and_its_log_outlives_the_next_run(repo: Path) -> None:
    with _waiting(repo) as run:
        assert _states(repo) == [RunState.RUNNING] and _step(repo).state == RunState.RUNNING
        shown = support.command(repo, "python -m platform.cli runs show last").stdout
        assert "RUNNING    step:tenant/held/wait" in shown and "log runtime/tenant/held/.wait.new/log.txt" in shown
        run.send_signal(signal.SIGKILL)
        run.wait(timeout=support.LONGEST_WAIT_S)
        support.until(lambda: _states(repo) == [RunState.INTERRUPTED])
    assert _step(repo).state == RunState.INTERRUPTED
    killed = next(_past(repo).since()).invocation
    assert (killed.tally.completed, killed.tally.charged_credits) == (1, 10)
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    done = support.command(repo, "doit run --retry-failed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert _states(repo) == [RunState.COMPLETED, RunState.INTERRUPTED]
    text = _log(repo, f"--run {killed.id}")
    assert text.startswith("it has begun\nINTERRUPTED") and "it ends" not in text
    assert _log(repo).startswith("it has begun\nit ends\nCOMPLETED")
    [old] = [one for one in _past(repo).since() if one.state is RunState.INTERRUPTED]
    assert old.invocation.error == "its process ended before the run did" and old.invocation.exit_status == 130


@pytest.mark.slow
@pytest.mark.parametrize("words, number", [((), signal.SIGINT), (("-n", "2"), signal.SIGINT), ((), signal.SIGTERM)])
def test_ctrl_c_keeps_the_log_of_what_was_running(repo: Path, words: tuple[str, ...], number: signal.Signals) -> None:
    with _waiting(repo, *words) as run:
        run.send_signal(number)
        run.wait(timeout=support.LONGEST_WAIT_S)
    assert run.returncode == 130
    assert _states(repo) == [RunState.INTERRUPTED] and _step(repo).state == RunState.INTERRUPTED
    assert _log(repo, "--run last").startswith("it has begun\nINTERRUPTED")


@pytest.mark.slow
def test_follow_prints_what_is_added_and_ends_with_the_step(repo: Path) -> None:
    with _waiting(repo) as run:
        follow = subprocess.Popen([sys.executable, "-c", support.BOOT, "log", "tenant/held/wait", "-f"], cwd=repo,
                                  stdout=subprocess.PIPE, text=True)
        assert support.line_of(follow.stdout) == "it has begun\n"
        (repo / "tenants/tenant/assets/gate.txt").write_text("go")
        out, _ = follow.communicate(timeout=support.LONGEST_WAIT_S)
        assert (out.startswith("it ends\nCOMPLETED tenant/held/wait"), follow.returncode) == (True, 0), out
        run.communicate(timeout=support.LONGEST_WAIT_S)


@pytest.mark.slow
def test_ctrl_c_ends_follow_without_a_word(repo: Path) -> None:
    with _waiting(repo):
        follow = subprocess.Popen([sys.executable, "-c", support.BOOT, "log", "tenant/held/wait", "-f"], cwd=repo,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert support.line_of(follow.stdout) == "it has begun\n"
        follow.send_signal(signal.SIGINT)
        out, _ = follow.communicate(timeout=support.LONGEST_WAIT_S)
        assert (follow.returncode, out) == (130, "")


@pytest.mark.slow
def test_two_runs_at_once_leave_a_history_each(repo: Path) -> None:
    other = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    other.write_text(support.TEA)
    with _waiting(repo, "workorder:tenant/held", "runtime_dir=runtime"):
        ids = {run.invocation.id for run in _past(repo).since()}
        second = support.started(repo, "doit run workorder:tenant/tea")
        assert second.returncode == 0, second.stdout + second.stderr
        assert _states(repo) == [RunState.COMPLETED, RunState.RUNNING]
        assert _step(repo, 1).state == RunState.RUNNING  # the second run did not take it for interrupted
    newest, oldest = _past(repo).since()
    assert oldest.invocation.id in ids and newest.invocation.command == "doit run workorder:tenant/tea"
    assert newest.invocation.tally.completed == 4


def test_a_full_disk_changes_neither_the_run_nor_its_exit_status(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")

    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "write_line", full)
    done = support.command(repo, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == (f"warning: {repo}/runtime/.runs: cannot be written (No space left on device); this run "
                           "continues, and `runs` does not show all of it\n")
    monkeypatch.undo()
    assert support.command(repo, "doit run").returncode == 0
    assert _states(repo)[0] is RunState.COMPLETED


def test_a_line_that_was_cut_off_costs_only_itself(repo: Path) -> None:
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    assert support.command(repo, "doit run").returncode == 0
    [index] = (repo / "runtime" / ".runs").glob("*/index.jsonl")
    with index.open("ab") as file:
        file.write(b'{"id":"2jxfxt6c","began_at":"2026-11-2')
    assert support.command(repo, "doit run").returncode == 0
    assert _states(repo) == [RunState.COMPLETED, RunState.COMPLETED]


@pytest.mark.parametrize("place", [".runs", ".runs/{day}", ".runs/{day}/index.jsonl", ".runs/{day}/blobs"])
def test_a_planted_link_is_not_followed_and_costs_only_history(repo: Path, tmp_path: Path, place: str) -> None:
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    assert support.command(repo, "doit run workorder:tenant/nobody").returncode == 2  # nothing, not even a history
    victim = tmp_path / "victim"
    victim.mkdir()
    link = repo / "runtime" / place.format(day=datetime.now(UTC).date())
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.suffix:
        (victim / "file").write_text("mine\n")
        link.symlink_to(victim / "file")
    else:
        link.symlink_to(victim)
    before = {file: file.read_bytes() for file in victim.iterdir()}
    done = support.command(repo, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.startswith("warning: ") and "is a symbolic link and is not followed" in done.stderr
    assert done.stderr.count("\n") == 1
    assert {file: file.read_bytes() for file in victim.iterdir()} == before
    listed = support.command(repo, "python -m platform.cli runs")
    assert "Traceback" not in listed.stderr and listed.returncode in (0, 15)


def test_a_second_name_of_a_file_is_refused(repo: Path) -> None:
    """A module that makes the index a name of the journal would have the platform damage it."""
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    assert support.command(repo, "doit run").returncode == 0
    [index] = (repo / "runtime" / ".runs").glob("*/index.jsonl")
    journal = repo / ".billing-state" / "journal.csv"
    index.unlink()
    index.hardlink_to(journal)
    before = journal.read_bytes()
    done = support.command(repo, "doit run")
    assert (done.returncode, journal.read_bytes()) == (0, before)
    assert "is a hard link and is not followed" in done.stderr


def test_lines_of_others_are_ignored(repo: Path) -> None:
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    assert support.command(repo, "doit run").returncode == 0
    [index] = (repo / "runtime" / ".runs").glob("*/index.jsonl")
    day_dir, day = index.parent, index.parent.name
    with index.open("ab") as file:
        for line in ('{"id":"../../x","began_at":"DAYT10:00:00.000Z"}', '{"id":5}', "[" * 100_000, "null",
                     '{"id":"bbbbbbbb","began_at":"now"}', '{"id":"bbbbbbbb","began_at":"1999-01-01T10:00:00.000Z"}',
                     '{"id":"dddddddd","began_at":"DAYT10:00:00.000Z","ended_at":"x\\nFORGED","exit_status":1}',
                     '{"id":"cccccccc","began_at":"DAYT00:00:00.000Z","exit_status":1,"command":"\\u001b[2Jx"}'):
            file.write(line.replace("DAY", day).encode() + b"\n")
    assert _states(repo) == [RunState.COMPLETED, RunState.FAILED]
    shown = support.command(repo, "python -m platform.cli runs")
    assert "\x1b" not in shown.stdout and shown.returncode == 0
    with (day_dir / "cccccccc.jsonl").open("ab") as file:
        for task in ('{"task":"step:a/b/c","state":"FAILED\\nFORGED"}', '{"task":"x:y","state":"FAILED"}',
                     '{"task":"step:a/b/c","state":"FAILED","began_at":"x\\nFORGED"}',
                     '{"task":"step:a/b/c","state":"FAILED","log":"../../../etc/passwd"}',
                     '{"task":"step:tenant/held/one\\nFORGED","state":"FAILED"}',
                     '{"task":"step:tenant/held/one","state":"FAILED","message":"a\\nb\\u001b[2J"}'):
            file.write(task.encode() + b"\n")
    shown = support.command(repo, "python -m platform.cli runs show cccc")
    assert shown.returncode == 0 and "FORGED" not in shown.stdout and "passwd" not in shown.stdout
    assert shown.stdout.splitlines()[-1].split()[:2] == ["FAILED", "step:tenant/held/one"]


@pytest.mark.slow
def test_what_a_killed_run_left_is_run_again_as_failed(repo: Path) -> None:
    with _waiting(repo) as run:
        run.send_signal(signal.SIGKILL)
        run.wait(timeout=support.LONGEST_WAIT_S)
    looking = Run.looking(Workspace.open(repo), Asked(None))
    assert [step.step_id for step in still_failed(looking, Named("", "", ""))] == ["wait"]
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    again = support.command(repo, "python -m platform.cli rerun --failed")
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.startswith("runs again tenant/held/wait: "), again.stdout
    assert _step(repo).state == RunState.COMPLETED
    nothing = support.command(repo, "python -m platform.cli rerun --failed")
    assert nothing.stdout == "nothing failed; nothing was run\n"
