"""Orders with a schedule, across periods: real commands at a time that the test sets."""
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine

from platform.app import lock
from platform.app.run import Run
from platform.app.workspace import Workspace
from tests.support import command, repository, rows

WEEKLY = """work_order_id: weekly
metadata: {title: Tea of the week}
schedule_cron: 0 6 * * 1
steps:
  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}
  - {step_id: two, module_id: say, kind: transform, inputs: {text: milk, after: {from_step: one, output_id: said}}}
"""
ONCE = """work_order_id: once
steps: [{step_id: only, module_id: say, kind: transform, inputs: {text: once}}]
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    folder = made / "tenants/tenant/workorders"
    folder.mkdir()
    (folder / "weekly.yml").write_text(WEEKLY)
    return made


def at(repo: Path, when: str, line: str) -> subprocess.CompletedProcess[str]:
    """Only the clock is replaced, of datetime and of time; then the command runs as ever."""
    with time_machine.travel(datetime.fromisoformat(when), tick=True):
        return command(repo, line, TZ="America/New_York")  # where an hour is missing on 2027-03-14


def status(repo: Path, when: str, *words: str) -> dict[str, dict[str, object]]:
    done = at(repo, when, " ".join(["python -m platform.cli status --json", *words]))
    return {order["work_order_id"]: order for order in json.loads(done.stdout)["orders"]}


def charged(repo: Path) -> list[str]:
    return [f"{row['created_at'][:10]} {row['step_id']} {row['amount_credits']}"
            for row in rows(repo / ".billing-state/transaction_items.csv")]


def test_a_period_is_charged_once_the_next_again_and_a_missed_one_never(repo: Path) -> None:
    for when in ("2027-03-01T06:00:00Z", "2027-03-01T06:00:30Z", "2027-03-08T05:59:59Z"):
        done = at(repo, when, "doit run")
        assert done.returncode == 0, done.stdout + done.stderr
    first = ["2027-03-01 one -5", "2027-03-01 two -5"]
    assert charged(repo) == first, "two more runs in the same period post nothing"
    assert "nothing posted" in done.stdout
    # Nobody ran in the week of the 8th. The run of the 17th is late for the week of the 15th, and is for that alone.
    assert at(repo, "2027-03-17T23:00:00Z", "doit run").returncode == 0
    assert charged(repo) == [*first, "2027-03-17 one -5", "2027-03-17 two -5"]
    assert "nothing posted" in at(repo, "2027-03-21T23:59:00Z", "doit run").stdout
    assert at(repo, "2027-03-29T06:00:00Z", "python -m platform.cli integrity-validate").returncode == 0


def test_a_failed_order_is_due_until_it_completes_or_its_period_ends(repo: Path) -> None:
    """What failed is given back; the next run of the period tries again, and the next period owes nothing of it."""
    code = repo / "modules/say/src/run.py"
    right = code.read_text()
    code.write_text("def run(params, outputs_dir):\n    return {'status': 'FAILED'}\n")
    assert at(repo, "2027-03-01T06:00:00Z", "doit run").returncode == 1
    assert status(repo, "2027-03-01T07:00:00Z", "--due").keys() == {"weekly"}
    code.write_text(right)
    assert at(repo, "2027-03-02T06:00:00Z", "doit run").returncode == 0
    assert status(repo, "2027-03-02T07:00:00Z", "--due") == {}
    assert sum(int(row["amount_credits"]) for row in rows(repo / ".billing-state/transaction_items.csv")) == -10


def test_the_quote_the_status_and_the_list_show_the_period(repo: Path) -> None:
    now, period = "2027-03-03T12:00:00Z", "period 2027-03-01T06:00Z, next 2027-03-08T06:00Z"
    quoted = json.loads(at(repo, now, "python -m platform.cli quote --json").stdout)["orders"][0]
    assert (quoted["period"], quoted["next_period"]) == ("2027-03-01T06:00Z", "2027-03-08T06:00Z")
    for line in ("python -m platform.cli quote", "python -m platform.cli status", "doit list --all"):
        shown = [each for each in at(repo, now, line).stdout.splitlines() if period in each]
        assert shown and "Tea of the week" in shown[0], line
    assert at(repo, now, "doit run").returncode == 0
    why = at(repo, "2027-03-08T06:00:00Z", "python -m platform.cli why step:tenant/weekly/one").stdout
    assert 'period changed: "2027-03-01T06:00Z" -> "2027-03-08T06:00Z"' in why


def test_status_and_list_tell_which_are_due(repo: Path) -> None:
    (repo / "tenants/tenant/workorders/once.yml").write_text(ONCE)
    assert at(repo, "2027-03-01T06:00:00Z", "doit run").returncode == 0
    assert status(repo, "2027-03-08T05:59:00Z", "--due") == {}
    due = status(repo, "2027-03-08T06:00:00Z", "--due")
    assert {name: order["schedule_cron"] for name, order in due.items()} == {"weekly": "0 6 * * 1"}
    assert status(repo, "2027-03-08T06:00:00Z").keys() == {"weekly", "once"}
    for when, expected in (("2027-03-08T05:59:00Z", {"U"}), ("2027-03-08T06:00:00Z", {"R"})):
        listed = at(repo, when, "doit list --all --status").stdout.splitlines()
        assert {line.split()[0] for line in listed if "tenant/weekly" in line and "publish:" not in line} == expected
        assert {line.split()[0] for line in listed if "tenant/once" in line} == {"U"}


def test_a_clock_starts_scheduled_orders_and_no_others(repo: Path) -> None:
    (repo / "tenants/tenant/workorders/once.yml").write_text(ONCE)
    done = at(repo, "2027-03-01T06:00:00Z", "python -m platform.cli orchestrator --scheduled")
    assert done.returncode == 0, done.stdout + done.stderr
    assert charged(repo) == ["2027-03-01 one -5", "2027-03-01 two -5"]
    (repo / "tenants/tenant/workorders/weekly.yml").write_text(WEEKLY + "  - {step_id: two}\n")
    assert at(repo, "2027-03-08T06:00:00Z", "python -m platform.cli orchestrator --scheduled").returncode == 10
    (repo / "tenants/tenant/workorders/weekly.yml").unlink()
    done = at(repo, "2027-03-08T06:00:00Z", "python -m platform.cli orchestrator --scheduled --tenant-id tenant")
    assert (done.returncode, len(charged(repo)), "nothing was run" in done.stdout) == (0, 2, True)


def test_a_saved_quote_is_for_its_period(repo: Path) -> None:
    at(repo, "2027-03-07T23:00:00Z", "python -m platform.cli quote --save quote.json")
    done = at(repo, "2027-03-08T06:00:00Z", "python -m platform.cli orchestrator --quote quote.json")
    assert (done.returncode, charged(repo)) == (11, [])
    assert ("charges: tenant/weekly was 10 credits for the period 2027-03-01T06:00Z, now 10 credits for the period "
            "2027-03-08T06:00Z") in done.stderr


def test_a_run_that_waited_is_for_the_period_in_which_it_starts(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.open(repository(tmp_path / "repo"))
    held = lock.acquire(workspace.runtime_dir, "a test", print)
    waits = threading.Event()
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=lambda text: waits.set()))
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(Run.locked, workspace)
        assert waits.wait(60)
        started = datetime.now(UTC)
        lock.release(held)
        run = waiting.result(60)
    assert run.snapshot.now >= started
    run.close()


def test_a_quote_of_scheduled_orders_is_what_the_scheduled_run_charges(repo):
    (repo / "tenants/tenant/workorders/once.yml").write_text(ONCE)
    quoted = at(repo, "2026-11-24T10:00:00+00:00", "python -m platform.cli quote --scheduled --json")
    answer = json.loads(quoted.stdout)
    assert [order["work_order_id"] for order in answer["orders"]] == ["weekly"]
    assert at(repo, "2026-11-24T10:00:00+00:00", "python -m platform.cli orchestrator --scheduled").returncode == 0
    assert -sum(int(row["amount_credits"]) for row in rows(repo / ".billing-state/transactions.csv")
                if row["type"] == "SPEND") == answer["total_credits"] == 10


def test_a_quote_of_scheduled_orders_says_that_none_has_a_schedule(repo):
    (repo / "tenants/tenant/workorders/weekly.yml").unlink()
    (repo / "tenants/tenant/workorders/once.yml").write_text(ONCE)
    quoted = at(repo, "2026-11-24T10:00:00+00:00", "python -m platform.cli quote --scheduled")
    assert quoted.stdout == "no enabled work order has a schedule_cron: nothing would be charged\n"
