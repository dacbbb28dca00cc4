"""Runs that end badly, meet each other, or meet files that changed behind their back."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import LONGEST_WAIT_S, line_of, until, with_gate
from tests.test_stories import State, command, repository

DOIT = str(Path(sys.executable).parent / "doit")
ORDER = """
work_order_id: tea
steps:
  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}
  - {step_id: two, module_id: say, kind: transform, inputs: {text: x, after: {from_step: one, output_id: said}}}
  - {step_id: held, module_id: hold, kind: transform, needs: [two], inputs: {gate: {asset: gate.txt}}}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return with_gate(repository(tmp_path / "repo"), "tea", ORDER)


def started(repo: Path, *words: str) -> subprocess.Popen[str]:
    """A run that has come to the held step and waits there."""
    run = subprocess.Popen([DOIT, "run", *words], cwd=repo, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    until(lambda: any((repo / "runtime/tenant/tea").glob(".held.*/outputs/done.txt")), run)
    return run


def children_of(pid: int) -> set[int]:
    """All processes that hold the run's session or descend from it."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found |= {int(entry.name), *children_of(int(entry.name))}
    return found


def gone(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", [(), ("-n", "4")])
@pytest.mark.parametrize("sandbox", ["auto", "process"])
def test_what_had_finished_is_not_run_again(repo: Path, ending: signal.Signals, words: tuple[str, ...],
                                            sandbox: str) -> None:
    profile = repo / "config/runtime_profile.yml"
    profile.write_text(profile.read_text().replace("sandbox: auto", f"sandbox: {sandbox}"))
    run = started(repo, *words)
    children = children_of(run.pid)
    run.send_signal(ending)
    told = run.communicate(timeout=LONGEST_WAIT_S)[0]
    if ending is not signal.SIGKILL:
        assert (run.returncode, "Traceback" in told, "interrupted" in told) == (130, False, True), told
    until(lambda: all(map(gone, children)))  # a child outlives its run by an instant at most
    assert command(repo, "doit run state").returncode == 0  # the CSV files are made of the journal: now they are whole
    before = State(repo)
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    done = command(repo, "doit run")
    after = State(repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert after.new_runs(before) == {"held": "COMPLETED"}
    # The gate is an asset: with other bytes it is other work. What was paid for the old work and not done comes back.
    assert after.items[len(before.items):] == ["REFUND held __run__ 5", "SPEND held __run__ -5"]
    assert not list((repo / "runtime/tenant/tea").glob(".held.*"))


def test_a_crash_before_anything_ran_charges_once(repo: Path) -> None:
    """The charge is there, no step is: the next run runs them and posts nothing."""
    assert command(repo, "doit run charge:tenant/tea").returncode == 0
    before = State(repo)
    (repo / "tenants/tenant/assets/gate.txt").write_text("wait")
    done = command(repo, "doit run step:tenant/tea/two")
    assert (done.returncode, State(repo).items) == (0, before.items)
    assert State(repo).new_runs(before) == {"one": "COMPLETED", "two": "COMPLETED"}


@pytest.mark.slow
def test_a_second_run_waits_and_says_for_whom(repo: Path) -> None:
    first = started(repo)
    second = subprocess.Popen([DOIT, "run"], cwd=repo, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert second.stderr is not None
    waiting = line_of(second.stderr)
    assert waiting.startswith(f"waiting for another run over tenant/tea: process {first.pid} (`doit run`"), waiting
    assert second.poll() is None
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=LONGEST_WAIT_S)
    until(lambda: any((repo / "runtime/tenant/tea").glob(".held.*/outputs/done.txt")), second)  # it goes on there
    second.send_signal(signal.SIGTERM)
    second.communicate(timeout=LONGEST_WAIT_S)
    assert second.returncode == 130


@pytest.mark.slow
def test_two_runs_at_once_do_everything_once(repo: Path) -> None:
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    runs = [subprocess.Popen([DOIT, "run", "-n", "2"], cwd=repo, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True) for _ in range(3)]
    told = [run.communicate(timeout=LONGEST_WAIT_S)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], told
    assert sorted(State(repo).items) == ["SPEND held __run__ -5", "SPEND one __run__ -5", "SPEND two __run__ -5"]
    assert sum("completed    tenant/tea/one" in text for text in told) == 1


def test_new_bytes_under_the_same_time_and_size_are_seen(repo: Path) -> None:
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    assert command(repo, "doit run").returncode == 0
    for path, old, new in (("modules/say/src/run.py", '"\\n"', '"\\r"'),
                           ("runtime/tenant/tea/one/outputs/said.txt", "tea", "TEA"),
                           ("runtime/tenant/tea/two/outputs/said.txt", "x", "y")):
        before, file = State(repo), repo / path
        status = file.stat()
        assert old in file.read_text()
        file.write_bytes(file.read_bytes().replace(old.encode(), new.encode()))
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
        assert command(repo, "doit run").returncode == 0
        assert State(repo).new_runs(before), f"{path} was changed and nothing ran"
        assert State(repo).items == before.items


def test_an_interrupted_write_of_outputs_leaves_no_half_result(repo: Path) -> None:
    run = started(repo)
    run.kill()
    run.communicate(timeout=LONGEST_WAIT_S)
    assert not (repo / "runtime/tenant/tea/held").exists()


def test_a_typing_mistake_is_one_line_and_2(repo: Path) -> None:
    done = command(repo, "doit run workorder:tenant/tee")
    assert (done.returncode, "tenant/tee" in done.stderr, "Traceback" in done.stderr) == (2, True, False)
