"""Status and logs: what became of each step, why, and where it lies; on a terminal, in a pipe, and as JSON."""
import json
import re
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from platform.app.order_locks import OrderLocks
from platform.model.ids import OrderId
from tests.report.conftest import FAILS
from tests.support import command, repository
from tests.terminal import Terminal


def lines(repo: Path, options: str = "") -> list[list[str]]:
    done = command(repo, f"python -m platform.cli status {options}")
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split() for line in done.stdout.splitlines()]


def test_in_a_pipe_each_step_is_one_line_with_what_a_person_asks_for_first(shop: Path):
    told = lines(shop, "--tenant-id tenant --work-order-id fails")
    assert told[0][:5] == ["PARTIAL", "tenant/fails", "17", "credits", "external_api_error"]
    by_step = {words[1]: words for words in told[1:4]}
    assert by_step["one"][:5] == ["FAILED", "one", "say", "7", "credits"]
    assert by_step["one"][8:] == ["external_api_error:", "told", "to", "fail", "log",
                                  "runtime/tenant/fails/one/log.txt"]
    assert by_step["two"][5:] == ["skipped_upstream:", "step", "one", "did", "not", "complete"]
    assert by_step["end"][-4:] == ["outputs", "runtime/tenant/fails/end/outputs", "log",
                                   "runtime/tenant/fails/end/log.txt"]
    assert told[-1] == ["balance", "tenant", "81", "credits"]


def test_where_it_says_that_something_lies_it_lies(shop: Path):
    done = command(shop, "python -m platform.cli status --json")
    steps = [step for order in json.loads(done.stdout)["orders"] for step in order["steps"]]
    ran = [step for step in steps if step["state"] in ("COMPLETED", "FAILED")]
    assert len(ran) == 6 and all((shop / step["log"]).is_file() for step in ran)
    assert all((shop / step["outputs"]).is_dir() for step in ran if step["state"] == "COMPLETED")
    assert {step["log"] for step in steps if step["state"] == "DUE"} == {""}
    assert all(step["isolation"].startswith(("bubblewrap:", "process:")) for step in ran)


def test_an_order_that_was_refused_says_why_until_it_could_run(shop: Path, tmp_path: Path):
    assert lines(shop, "--tenant-id tenant --work-order-id dear")[0][:5] == [
        "FAILED", "tenant/dear", "150", "credits", "not_enough_credits"]
    rich = tmp_path / "repo"
    shutil.copytree(shop, rich)
    topup = command(rich, "python -m platform.cli admin-topup --tenant-id tenant --amount-credits 1000 "
                          "--topup-method-id bank-wire --reference more")
    assert topup.returncode == 0, topup.stderr
    assert lines(rich, "--tenant-id tenant --work-order-id dear")[0][:2] == ["DUE", "tenant/dear"]


def test_a_step_that_runs_now_is_running(shop: Path, tmp_path: Path):
    """Its fresh folder is there and a run holds its order; the folder alone was left by a run that was killed."""
    repo = tmp_path / "repo"
    shutil.copytree(shop, repo)
    (repo / "runtime/tenant/pack/.two.new").mkdir()
    assert lines(repo, "--tenant-id tenant --work-order-id pack")[0][0] == "COMPLETED"
    with closing(OrderLocks(repo / "runtime", "a test")) as locks:
        assert locks.take_now(OrderId("tenant", "dear"))
        assert lines(repo, "--tenant-id tenant --work-order-id pack")[0][0] == "COMPLETED", "another order's"
        assert locks.take_now(OrderId("tenant", "pack"))
        assert [words[0] for words in lines(repo, "--tenant-id tenant --work-order-id pack")][:5] == [
            "RUNNING", "COMPLETED", "RUNNING", "COMPLETED", "COMPLETED"]
    assert lines(repo, "--tenant-id tenant --work-order-id pack")[0][0] == "COMPLETED"


def test_on_a_terminal_the_same_is_a_table_that_fits(shop: Path):
    terminal = Terminal(shop, ["status", "--tenant-id", "tenant", "--work-order-id", "fails"], columns=80)
    assert terminal.end() == 0
    rows = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.seen).split("\r\n")
    assert max(len(row.rstrip()) for row in rows[1:]) <= 80
    table = "".join(rows)
    assert all(words in table for words in ("PARTIAL", "FAILED", "SKIPPED", "COMPLETED", "say", "isolation"))


def test_watching_redraws_until_somebody_stops_it(tmp_path: Path):
    """The order appears while we watch; Ctrl-C ends it without a word and with 0."""
    repo = repository(tmp_path / "repo")
    terminal = Terminal(repo, ["status", "--watch"], columns=100)
    terminal.until("no enabled work orders")
    (repo / "tenants/tenant/workorders").mkdir()
    (repo / "tenants/tenant/workorders/fails.yml").write_text(FAILS)
    terminal.until("tenant/fails")
    terminal.interrupt()
    assert terminal.end() == 0
    assert "Traceback" not in terminal.seen and "interrupted" not in terminal.seen
    assert terminal.seen.rstrip().endswith("\x1b[?25h")  # the cursor is shown again


def test_there_is_nothing_to_watch_in_a_pipe(shop: Path):
    done = command(shop, "python -m platform.cli status --watch")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--watch needs a terminal, and the output is not a terminal; ")


@pytest.mark.parametrize("task", ["step:tenant/fails/one", "tenant/fails/one"])
def test_a_log_is_what_the_step_printed_and_then_how_it_ended(shop: Path, task: str):
    done = command(shop, f"python -m platform.cli log {task}")
    assert done.returncode == 0
    *printed, last = done.stdout.splitlines()
    assert "\n".join(printed) == (shop / "runtime/tenant/fails/one/log.txt").read_text().rstrip("\n")
    assert "the last words of a step that fails" in printed
    assert last.startswith("FAILED tenant/fails/one  external_api_error: told to fail  ")
    assert last.endswith("the log is runtime/tenant/fails/one/log.txt")


@pytest.mark.parametrize(("task", "status", "words"), [
    ("tenant/dear/s1", 0, "no log of tenant/dear/s1: it has not run yet"),
    ("tenant/fails/on", 2, "step tenant/fails/on does not exist; did you mean `one`?"),
    ("tenant/none/one", 2, "tenant/none: no such work order; "),
    ("tenant/../one", 2, "tenant/..: no such work order; "),
    ("tenant/fails/..", 2, "step tenant/fails/.. does not exist"), ("tenant", 2, "tenant: a log is of a step; write "),
    ("tenant/a/b/c", 2, "'tenant/a/b/c' is not a name; write TENANT[/ORDER[/STEP]]"),
])
def test_without_a_log_there_is_one_line(shop: Path, task: str, status: int, words: str):
    done = command(shop, f"python -m platform.cli log {task}")
    told = done.stdout + done.stderr
    assert (done.returncode, len(told.splitlines()), told.startswith(words)) == (status, 1, True), told


def test_a_log_cannot_steer_the_terminal_it_is_read_on(shop: Path, tmp_path: Path):
    repo = tmp_path / "repo"
    shutil.copytree(shop, repo)
    (repo / "runtime/tenant/fails/end/log.txt").write_bytes(b"\x1b]0;owned\x07plain\n")
    terminal = Terminal(repo, ["log", "tenant/fails/end"], columns=80)
    assert terminal.end() == 0
    assert terminal.seen.startswith(r"\x1b]0;owned\x07plain")
    in_a_pipe = command(repo, "python -m platform.cli log tenant/fails/end")
    assert in_a_pipe.stdout.startswith("\x1b]0;owned\x07plain\n")  # as it was: for programs
