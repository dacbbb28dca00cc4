"""Cancelling: what runs is stopped, what was charged and not done is refunded once, and it does not start again."""
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from platform.app import cancelling
from platform.model.ids import StepId
from platform.run.cancel_request import CancelRequest, request_file, write_request
from tests.support import BOOT, LONGEST_WAIT_S, ROOT, TEA, command, repository, rows, until, with_gate

CLI = "python -m platform.cli"
DOIT = str(Path(sys.executable).parent / "doit")
HOLDS = """work_order_id: holds
steps:
  - {step_id: first, module_id: say, kind: transform, inputs: {text: tea}}
  - {step_id: wait, module_id: hold, kind: transform, needs: [first], inputs: {gate: {asset: gate.txt}}}
  - {step_id: below, module_id: say, kind: transform, needs: [wait], inputs: {text: more}}
  - {step_id: beside, module_id: say, kind: transform, needs: [wait], deliverables: [said], inputs: {text: beside}}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """An order of 22 credits whose second step runs until its gate says go."""
    return with_gate(repository(tmp_path / "repo"), "holds", HOLDS)


@contextmanager
def running(repo: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`doit run` of the order, while its step `wait` runs."""
    process = subprocess.Popen([DOIT, "run", *(words or ["tenant/holds"])], cwd=repo, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until((repo / "runtime/tenant/holds/.wait.new/outputs/done.txt").is_file, process)
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LONGEST_WAIT_S)


def balance(repo: Path) -> int:
    return int(rows(repo / ".billing-state" / "tenants_credits.csv")[0]["credits_available"])


def states(repo: Path) -> dict[str, tuple[str, str]]:
    order, = [each for each in json.loads(command(repo, f"{CLI} status --json").stdout)["orders"]
              if each["work_order_id"] == "holds"]
    return {step["step_id"]: (step["state"], step["reason"]) for step in order["steps"]}


def go(repo: Path) -> None:
    """The module no longer waits. Nothing that was ordered changes."""
    code = repo / "modules/hold/src/run.py"
    code.write_text(code.read_text().replace("while Path", "if False and Path"))


def all_is_explained(repo: Path) -> None:
    assert json.loads(command(repo, f"{CLI} ledger audit --json").stdout)["unexplained"] == []
    for words in ("ledger verify", "integrity-validate"):
        done = command(repo, f"{CLI} {words}")
        assert done.returncode == 0, done.stdout + done.stderr
    assert not list((repo / "runtime").rglob("*.cancel"))


@pytest.mark.slow
def test_a_running_order_is_stopped_and_what_was_not_done_is_refunded(repo: Path) -> None:
    with running(repo) as process:
        done = command(repo, f"{CLI} cancel tenant/holds --note 'wrong table'")
        out, _ = process.communicate(timeout=LONGEST_WAIT_S)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("cancelled    tenant/holds: 17 credits refunded for 3 steps (wait, below, beside); 1 step "
                           "completed and not refunded (first)\n")
    assert process.returncode == 1 and "cancelled: by " in out and "wrong table" in out
    assert balance(repo) == 95
    notes = [row["note"] for row in rows(repo / ".billing-state" / "transactions.csv") if row["type"] == "REFUND"]
    assert len(notes) == 1 and notes[0].endswith(": wrong table")
    all_is_explained(repo)


@pytest.mark.slow
def test_what_was_cancelled_does_not_start_again_until_it_is_named_or_changed(repo: Path) -> None:
    with running(repo) as process:
        command(repo, f"{CLI} cancel tenant/holds --note stop")
        process.communicate(timeout=LONGEST_WAIT_S)
    go(repo)
    again = command(repo, f"{CLI} cancel tenant/holds --note stop")
    assert (again.returncode, again.stdout) == (
        0, "cancelled    tenant/holds: it was cancelled before; nothing changed\n")
    assert states(repo)["wait"] == ("NEEDS_DECISION", "cancelled")
    quoted = json.loads(command(repo, f"{CLI} quote tenant/holds --json").stdout)
    done = command(repo, "doit run")
    assert (quoted["total_credits"], done.returncode, balance(repo)) == (0, 1, 95)
    assert "waits        tenant/holds/wait  NEEDS_DECISION cancelled: by " in done.stdout
    assert command(repo, f"{CLI} rerun --failed").stdout == "nothing failed; nothing was run\n"
    named = command(repo, f"{CLI} rerun tenant/holds")
    assert named.stdout.startswith("runs again tenant/holds/below, tenant/holds/beside, tenant/holds/wait: 17 credits")
    assert (named.returncode, balance(repo)) == (0, 78), named.stdout + named.stderr
    all_is_explained(repo)


@pytest.mark.slow
def test_a_changed_order_starts_again(repo: Path) -> None:
    with running(repo) as process:
        command(repo, f"{CLI} cancel tenant/holds --note stop")
        process.communicate(timeout=LONGEST_WAIT_S)
    go(repo)
    order = repo / "tenants/tenant/workorders/holds.yml"
    order.write_text(order.read_text().replace("text: beside", "text: besides"))
    assert command(repo, "doit run").returncode == 1
    assert {name: state for name, (state, _) in states(repo).items()} == {
        "first": "COMPLETED", "wait": "NEEDS_DECISION", "below": "NEEDS_DECISION", "beside": "SKIPPED"}
    (repo / "tenants/tenant/assets/gate.txt").write_text("go")
    assert command(repo, "doit run").returncode == 1
    assert {name: state for name, (state, _) in states(repo).items()} == {
        "first": "COMPLETED", "wait": "COMPLETED", "below": "NEEDS_DECISION", "beside": "COMPLETED"}
    assert command(repo, "doit run --retry-failed").returncode == 0
    assert balance(repo) == 78
    all_is_explained(repo)


@pytest.mark.slow
def test_one_step_is_cancelled_and_the_others_end_as_they_do(repo: Path) -> None:
    with running(repo) as process:
        done = command(repo, f"{CLI} cancel tenant/holds/wait --note stop --json")
        process.communicate(timeout=LONGEST_WAIT_S)
    told = json.loads(done.stdout)
    assert (told["refunded_credits"], told["steps"]) == (17, {"wait": 5, "below": 5, "beside": 7})
    assert states(repo)["wait"] == ("NEEDS_DECISION", "cancelled")
    assert states(repo)["below"][0] == "SKIPPED"
    all_is_explained(repo)


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["cancel", "run"])
def test_whoever_is_killed_the_cancellation_is_carried_out_once(repo: Path, killed: str) -> None:
    with running(repo) as process:
        if killed == "cancel":  # after it wrote the requests
            asking = subprocess.Popen([sys.executable, "-c", BOOT, "cancel", "tenant/holds", "--note", "stop"],
                                      cwd=repo,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            until(request_file(repo / "runtime", StepId("tenant", "holds", "wait")).is_file, asking)
            asking.kill()
            asking.communicate(timeout=LONGEST_WAIT_S)
            process.communicate(timeout=LONGEST_WAIT_S)
        else:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=LONGEST_WAIT_S)
            done = command(repo, f"{CLI} cancel tenant/holds --note stop")
            assert "17 credits refunded for 3 steps" in done.stdout
    go(repo)
    done = command(repo, "doit run")
    assert (done.returncode, balance(repo)) == (1, 95), done.stdout
    all_is_explained(repo)


def test_a_request_that_nobody_carried_out_is_carried_out_by_the_next_run(repo: Path) -> None:
    """As after `kill -9` of the command when nothing runs: the work is charged, and the request stands."""
    go(repo)
    command(repo, f"{CLI} orchestrator tenant/holds/first")  # the whole order is charged, one step runs
    assert balance(repo) == 78
    hashes = {row["step_id"]: json.loads(row["metadata_json"])["task_hash"]
              for row in rows(repo / ".billing-state" / "transaction_items.csv") if row["work_order_id"] == "holds"}
    for step in ("wait", "below", "beside"):
        write_request(repo / "runtime", StepId("tenant", "holds", step),
                      CancelRequest("me@here", "2026-01-01T00:00:00Z", "stop", (hashes[step],)))
    assert states(repo)["wait"] == ("NEEDS_DECISION", "cancelled")
    done = command(repo, "doit run")
    assert (done.returncode, balance(repo)) == (1, 95), done.stdout
    all_is_explained(repo)


def test_what_is_charged_and_not_running_is_refunded(repo: Path) -> None:
    command(repo, f"{CLI} orchestrator tenant/holds/first")
    done = command(repo, f"{CLI} cancel tenant/holds --note 'not needed'")
    assert done.stdout.startswith("cancelled    tenant/holds: 17 credits refunded for 3 steps (wait, below, beside); ")
    assert balance(repo) == 95
    go(repo)
    assert command(repo, "doit run").returncode == 1
    assert balance(repo) == 95
    shown = command(repo, f"{CLI} status tenant/holds/wait").stdout
    assert "cancelled: by " in shown and ": not needed; `rerun tenant/holds/wait` or a changed order" in shown
    all_is_explained(repo)


def test_two_commands_at_once_refund_once(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command(repo, f"{CLI} orchestrator tenant/holds/first")
    wait = cancelling.wait_for_order
    inner: list[subprocess.CompletedProcess[str]] = []

    def later(run: object, order: object) -> None:
        monkeypatch.undo()
        inner.append(command(repo, f"{CLI} cancel tenant/holds --note second"))
        wait(run, order)  # type: ignore[arg-type]

    monkeypatch.setattr("platform.commands.cancel.wait_for_order", later)
    outer = command(repo, f"{CLI} cancel tenant/holds --note first")
    assert outer.returncode == inner[0].returncode == 0, outer.stderr
    assert balance(repo) == 95
    all_is_explained(repo)


def test_an_order_that_is_done_or_was_never_charged_has_nothing_to_cancel(repo: Path) -> None:
    never = command(repo, f"{CLI} cancel tenant/holds --note stop")
    assert (never.returncode, never.stdout) == (
        0, "tenant/holds: nothing to cancel: nothing of it runs, or is charged and not done\n")
    go(repo)
    assert command(repo, "doit run").returncode == 0
    done = command(repo, f"{CLI} cancel tenant/holds --note stop")
    assert (done.returncode, done.stdout) == (
        0, "tenant/holds: nothing to cancel: nothing of it runs, or is charged and not done; "
           "4 steps completed and not refunded (first, wait, below, beside)\n")
    assert balance(repo) == 78
    all_is_explained(repo)


@pytest.mark.parametrize(("words", "said"), [
    ("tenant/holds --note ' '", "--note is empty; say why, for the tenant to read"),
    ("tenant --note x", "name the order or the step to cancel: TENANT/ORDER[/STEP]"),
    ("tenant/hold --note x", "tenant/hold: no such work order; did you mean `holds`?"),
    ("tenant/holds/wat --note x", "step tenant/holds/wat does not exist; did you mean `wait`?"),
])
def test_a_mistake_is_one_line(repo: Path, words: str, said: str) -> None:
    done = command(repo, f"{CLI} cancel {words}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said + "\n")


def test_a_delivery_that_may_have_left_is_held_and_not_refunded(repo: Path) -> None:
    """The run was killed in the middle of the delivery: its claim is open."""
    order = repo / "tenants/tenant/workorders/tea.yml"
    order.write_text(TEA)
    module = repo / "modules" / "put_and_die"
    module.mkdir()
    contract = (ROOT / "modules" / "deliver_folder" / "module.yml").read_text().replace("module_id: deliver_folder",
                                                                                    "module_id: put_and_die")
    (module / "module.yml").write_text(contract)
    (module / "src").mkdir()
    (module / "src" / "run.py").write_text("import os\n\n\ndef run(params, outputs_dir):\n    os._exit(1)\n")
    order.write_text(TEA.replace("deliver_folder", "put_and_die"))
    with (repo / "config/module_prices.csv").open("a") as prices:
        prices.write("put_and_die,__run__,1,2026-01-01,,true,\n")
    first = command(repo, "doit run tenant/tea")
    assert first.returncode == 1 and "unverified" in first.stdout, first.stdout + first.stderr
    before = balance(repo)
    done = command(repo, f"{CLI} cancel tenant/tea --note stop")
    assert "put may have left: its charge is kept, and nothing is sent again; to decide: " in done.stdout
    assert (done.returncode, balance(repo)) == (0, before)
    run = command(repo, "doit run tenant/tea")
    assert "NEEDS_DECISION cancelled: it was cancelled, and it may have arrived" in run.stdout, run.stdout
    assert balance(repo) == before
    assert command(repo, f"{CLI} delivery settle tenant/tea/put --refund --note no").returncode == 0
    assert balance(repo) == before + 1
    assert json.loads(command(repo, f"{CLI} ledger audit --json").stdout)["unexplained"] == []


@pytest.mark.slow
def test_a_delivery_that_is_stopped_in_the_middle_is_held(repo: Path) -> None:
    """Its module had been called: nobody knows what left. It is retried by nobody, and not refunded."""
    module = repo / "modules" / "put_slowly"
    (module / "src").mkdir(parents=True)
    contract = (ROOT / "modules" / "deliver_folder" / "module.yml").read_text()
    (module / "module.yml").write_text(contract.replace("module_id: deliver_folder", "module_id: put_slowly"))
    (module / "src" / "run.py").write_text(
        "import signal\nfrom pathlib import Path\n\n\ndef run(params, outputs_dir):\n"
        "    Path(outputs_dir, 'began').touch()\n    signal.pause()\n")
    order = repo / "tenants/tenant/workorders/tea.yml"
    order.write_text(TEA.replace("module_id: deliver_folder", "module_id: put_slowly\n    retries: 3"))
    with (repo / "config/module_prices.csv").open("a") as prices:
        prices.write("put_slowly,__run__,1,2026-01-01,,true,\n")
    process = subprocess.Popen([DOIT, "run", "tenant/tea"], cwd=repo, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until((repo / "runtime/tenant/tea/.put.new/outputs/began").is_file, process)
    done = command(repo, f"{CLI} cancel tenant/tea --note stop")
    out, err = process.communicate(timeout=LONGEST_WAIT_S)
    assert (done.returncode, process.returncode, balance(repo)) == (0, 1, 86), done.stderr + out + err
    assert "put may have left: its charge is kept, and nothing is sent again; to decide: " in done.stdout
    again = command(repo, "doit run tenant/tea")
    assert "NEEDS_DECISION cancelled: it was cancelled, and it may have arrived" in again.stdout, again.stdout
    assert command(repo, f"{CLI} cancel tenant/tea --note again").returncode == 0
    assert balance(repo) == 86
    assert json.loads(command(repo, f"{CLI} deliveries --json").stdout)["deliveries"][0]["state"] == "held"
    assert json.loads(command(repo, f"{CLI} ledger audit --json").stdout)["unexplained"] == []


def test_a_request_about_refunded_or_completed_work_is_removed_and_says_nothing(repo: Path) -> None:
    """As after a kill between the refund and the removal of the requests."""
    command(repo, f"{CLI} orchestrator tenant/holds/first")
    hashes = {row["step_id"]: json.loads(row["metadata_json"])["task_hash"]
              for row in rows(repo / ".billing-state" / "transaction_items.csv") if row["work_order_id"] == "holds"}
    command(repo, f"{CLI} cancel tenant/holds --note stop")
    for step in ("first", "wait", "below", "beside"):
        write_request(repo / "runtime", StepId("tenant", "holds", step),
                      CancelRequest("me@here", "2026-01-01T00:00:00Z", "stop", (hashes[step],)))
    go(repo)
    assert command(repo, "doit run -a step:tenant/holds/first").returncode == 0
    for _ in range(2):
        assert command(repo, "doit run").returncode == 1
    assert (states(repo)["first"], states(repo)["wait"]) == (("COMPLETED", ""), ("NEEDS_DECISION", "cancelled"))
    assert balance(repo) == 95
    all_is_explained(repo)


def test_a_request_about_another_version_of_the_order_says_nothing(repo: Path) -> None:
    go(repo)
    write_request(repo / "runtime", StepId("tenant", "holds", "wait"),
                  CancelRequest("me@here", "2026-01-01T00:00:00Z", "stop", ("0" * 64,)))
    (repo / "runtime/tenant/holds/.below.cancel").write_text("not a request")
    assert command(repo, "doit run").returncode == 0
    all_is_explained(repo)


@pytest.mark.slow
@pytest.mark.parametrize("point", [
    "write_request", "wait_for_order", "refund_cancelled", "forget_request", "cancel_result"])
@pytest.mark.parametrize("then", ["doit run", f"{CLI} cancel tenant/holds --note again"])
def test_a_command_that_ends_at_any_point_is_carried_out_once(
        repo: Path, point: str, then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    command(repo, f"{CLI} orchestrator tenant/holds/first")
    where = "platform.commands.cancel" if point in ("wait_for_order", "refund_cancelled", "cancel_result") else (
        "platform.app.cancelling")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(f"{where}.{point}", dies)
        assert command(repo, f"{CLI} cancel tenant/holds --note first").returncode == 130
    go(repo)
    if point == "write_request":  # nothing was asked for yet
        assert balance(repo) == 78
        command(repo, f"{CLI} cancel tenant/holds --note again")
    command(repo, then)
    for _ in range(2):
        assert command(repo, "doit run").returncode == 1
    assert balance(repo) == 95
    all_is_explained(repo)
