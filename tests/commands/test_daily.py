"""The daily commands: a dry run, a run's result as JSON, running again what failed, and where packages are."""
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support import ROOT, TEA, command, repository, rows, until, with_gate

CLI = "python -m platform.cli"
FAILS = """work_order_id: fails
steps:
  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}
  - {step_id: bad, module_id: say, kind: transform, inputs: {text: x, fail: bad_input_format}}
  - {step_id: below, module_id: say, kind: transform, inputs: {text: y, after: {from_step: bad, output_id: said}}}
"""

HOLDS = """work_order_id: holds
steps:
  - {step_id: first, module_id: say, kind: transform, inputs: {text: tea}}
  - {step_id: wait, module_id: hold, kind: transform, needs: [first], inputs: {gate: {asset: gate.txt}}}
  - {step_id: below, module_id: say, kind: transform, needs: [wait], inputs: {text: more}}
"""
DOIT = str(Path(sys.executable).parent / "doit")


def holding(repo: Path) -> Path:
    """With an order whose step `wait` runs until its gate says go."""
    return with_gate(repo, "holds", HOLDS)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Two orders: tea is delivered (14 credits), fails has a step that always fails (5 of 15 credits are kept)."""
    made = repository(tmp_path / "repo")
    orders = made / "tenants" / "tenant" / "workorders"
    orders.mkdir()
    (orders / "tea.yml").write_text(TEA)
    (orders / "fails.yml").write_text(FAILS)
    return made


def mend(repo: Path) -> None:
    order = repo / "tenants" / "tenant" / "workorders" / "fails.yml"
    order.write_text(order.read_text().replace(", fail: bad_input_format", ""))


def spent(repo: Path) -> int:
    return 100 - int(rows(repo / ".billing-state" / "tenants_credits.csv")[0]["credits_available"])


def result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The document that a run printed, which must be valid."""
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads((ROOT / "schemas" / "run_result.schema.json").read_text()))
    assert isinstance(value, dict)
    assert value["exit_status"] == done.returncode
    return value


def test_a_dry_run_is_the_quote_and_writes_nothing(repo: Path) -> None:
    before = sorted(repo.rglob("*"))
    dry = command(repo, f"{CLI} orchestrator --dry-run")
    assert (dry.returncode, dry.stdout) == (0, command(repo, f"{CLI} quote").stdout)
    assert sorted(repo.rglob("*")) == before
    one = command(repo, f"{CLI} orchestrator tenant/tea --dry-run --json")
    assert json.loads(one.stdout)["total_credits"] == 12 + 2
    (repo / "tenants/tenant/workorders/wrong.yml").write_text("work_order_id: wrong\nsteps: 5\n")
    assert command(repo, f"{CLI} orchestrator --dry-run").returncode == 10


def test_a_dry_run_is_held_to_its_quote_as_the_run_is(repo: Path) -> None:
    assert command(repo, f"{CLI} quote tenant/tea --save kept.json").returncode == 0
    assert command(repo, f"{CLI} orchestrator --quote kept.json --dry-run").returncode == 0
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.write_text(order.read_text().replace("text: milk", "text: cream"))
    dry = command(repo, f"{CLI} orchestrator --quote kept.json --dry-run")
    assert (dry.returncode, "no longer holds" in dry.stderr) == (11, True)
    assert not (repo / ".billing-state" / "journal.csv").exists()


@pytest.mark.parametrize("words", [f"{CLI} orchestrator --json", "doit run -r json", f"{CLI} orchestrator --json -n 3"])
def test_the_result_of_a_run_is_one_document(repo: Path, words: str) -> None:
    told = result(command(repo, words))
    assert (told["exit_status"], told["added_credits"], told["errors"]) == (1, 100, [])
    assert told["charged_credits"] - told["refunded_credits"] == spent(repo)
    orders = {order["work_order_id"]: order for order in told["orders"]}
    assert (orders["tea"]["state"], orders["tea"]["charged_credits"]) == ("COMPLETED", 14)
    assert [orders["fails"][name] for name in ("state", "reason", "charged_credits", "refunded_credits")] == [
        "PARTIAL", "bad_input_format", 15, 10]
    steps = {step["step_id"]: (step["state"], step["reason"], step["message"]) for step in orders["fails"]["steps"]}
    assert steps["bad"] == ("FAILED", "bad_input_format", "told to fail")
    assert steps["below"][:2] == ("SKIPPED", "skipped_upstream")
    assert command(repo, f"{CLI} runs show {told['invocation_id']}").returncode == 0
    assert [task["result"] for task in told["tasks"] if task["name"] == "workorder:tenant/fails"] == ["fail"]
    again = result(command(repo, f"{CLI} orchestrator tenant/tea --json"))
    assert (again["charged_credits"], [step["state"] for step in again["orders"][0]["steps"]]) == (0, ["CURRENT"] * 4)


def test_a_refused_or_invalid_order_is_in_the_document(repo: Path) -> None:
    (repo / "tenants/tenant/workorders/wrong.yml").write_text("work_order_id: wrong\nsteps: 5\n")
    prices = repo / "config" / "module_prices.csv"
    prices.write_text(prices.read_text().replace("say,__run__,5", "say,__run__,500"))
    told = result(command(repo, f"{CLI} orchestrator --json"))
    assert told["exit_status"] == 12
    reasons = {order["work_order_id"]: order["reason"] for order in told["orders"]}
    assert reasons["tea"] == reasons["fails"] == "not_enough_credits"
    assert [task["state"] for task in told["tasks"] if task["name"] == "workorder:tenant/wrong"] == ["FAILED"]


def test_a_document_goes_to_the_file_that_is_named(repo: Path) -> None:
    done = command(repo, "doit run -r json -o result.json workorder:tenant/tea")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((repo / "result.json").read_text())["charged_credits"] == 14


@pytest.mark.slow
def test_an_interrupted_run_leaves_a_valid_document(repo: Path) -> None:
    process = subprocess.Popen([DOIT, "run", "-r", "json", "workorder:tenant/holds"], cwd=holding(repo), text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: (repo / "runtime/tenant/holds/.wait.new/outputs/done.txt").is_file() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    told = result(subprocess.CompletedProcess([], process.returncode, out, err))
    assert (told["exit_status"], "interrupted" in err) == (130, True)


def test_what_failed_runs_again_and_nothing_else(repo: Path) -> None:
    assert command(repo, f"{CLI} rerun --failed").stdout == "nothing failed; nothing was run\n"
    for _ in range(3):
        command(repo, "doit run")
    waits = command(repo, f"{CLI} status tenant/fails/bad --json")
    assert json.loads(waits.stdout)["orders"][0]["steps"][0]["state"] == "NEEDS_DECISION"
    mended = repo / "modules" / "say" / "src" / "run.py"  # by the operator: nothing that was ordered changes
    mended.write_text(mended.read_text().replace('if params["fail"]:', 'if Path("/nowhere").exists():'))
    before = spent(repo)
    done = command(repo, f"{CLI} rerun --failed")
    first, *lines = done.stdout.splitlines()
    assert first == "runs again tenant/fails/bad: 10 credits for 1 order", done.stdout
    assert (done.returncode, spent(repo) - before) == (0, 10)
    assert any(line.startswith("COMPLETED    tenant/fails") for line in lines)
    assert not any("tenant/tea" in line for line in lines)
    assert command(repo, f"{CLI} rerun --failed").stdout == "nothing failed; nothing was run\n"
    assert command(repo, f"{CLI} ledger audit").returncode == 0


@pytest.mark.slow
def test_what_failed_runs_again_when_it_was_corrected_first(repo: Path) -> None:
    assert command(repo, f"{CLI} orchestrator").returncode == 1
    mend(repo)
    again = command(repo, f"{CLI} rerun --failed")
    assert again.returncode == 0 and again.stdout.startswith("runs again tenant/fails/bad"), again.stdout + again.stderr
    assert "COMPLETED    tenant/fails  3 of 3 steps" in again.stdout
    assert command(repo, f"{CLI} rerun --failed").stdout == "nothing failed; nothing was run\n"


@pytest.mark.slow
def test_what_failed_in_a_past_run(repo: Path) -> None:
    first = result(command(repo, f"{CLI} orchestrator --json"))["invocation_id"]
    mend(repo)
    (repo / "tenants/tenant/workorders/later.yml").write_text(FAILS.replace("id: fails", "id: later"))
    later = result(command(repo, f"{CLI} orchestrator tenant/later --json"))["invocation_id"]
    nothing = command(repo, f"{CLI} rerun --failed --run {first} tenant/later")
    assert (nothing.returncode, nothing.stdout) == (0, "nothing of tenant/later failed; nothing was run\n")
    done = command(repo, f"{CLI} rerun --failed --run {first}")
    assert done.returncode == 0 and "tenant/later" not in done.stdout
    done = command(repo, f"{CLI} rerun --failed --run {later}")
    assert done.returncode == 1 and done.stdout.startswith("runs again tenant/later/bad: 10 credits for 1 order\n")


@pytest.mark.parametrize(("words", "status", "said"), [
    ("", 2, "name the order or the step to run again, or use --failed"),
    ("tenant", 2, "name the order or the step to run again, or use --failed"),
    ("tenant/tea --run last", 2, "name the order or the step to run again, or use --failed"),
    ("tenant/tee", 2, "tenant/tee: no such work order; did you mean `tea`?"),
    ("tenant/tea/pakage", 2, "step tenant/tea/pakage does not exist; did you mean `package`?"),
    ("--failed --run nosuch", 2, "no run is called 'nosuch'"),
    ("tenant/tea/one", 0, "tenant/tea/one is done, and done work is not repeated; `doit run -a step:tenant/tea/one`"),
])
def test_done_work_is_not_repeated_and_a_mistake_is_one_line(
        delivered_repo: Path, words: str, status: int, said: str) -> None:
    done = command(delivered_repo, f"{CLI} rerun {words}")
    told = done.stdout + done.stderr
    assert (done.returncode, told.startswith(said), len(told.splitlines())) == (status, True, 1), told


def test_a_named_step_that_waits_runs_again(repo: Path) -> None:
    for _ in range(3):
        command(repo, "doit run")
    done = command(repo, f"{CLI} rerun tenant/fails/bad")
    assert done.stdout.startswith("runs again tenant/fails/bad: 10 credits for 1 order\n")
    assert (done.returncode, "FAILED" in done.stdout.upper()) == (1, True)


def test_where_packages_are(delivered_repo: Path) -> None:
    line, = command(delivered_repo, f"{CLI} deliveries").stdout.splitlines()
    told, = json.loads(command(delivered_repo, f"{CLI} deliveries tenant/tea --latest --json").stdout)["deliveries"]
    package = delivered_repo / told["where"]
    assert package.is_file() and told["where"] in line and told["sha256"] in line
    assert (told["state"], told["provider"], told["verification_status"]) == ("delivered", "folder", "verified")
    assert told["link"] == package.resolve().as_uri()
    order = delivered_repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.write_text(order.read_text().replace("text: tea", "text: coffee"))
    assert command(delivered_repo, "doit run").returncode == 0
    every = json.loads(command(delivered_repo, f"{CLI} deliveries --json").stdout)["deliveries"]
    latest = json.loads(command(delivered_repo, f"{CLI} deliveries --latest --json").stdout)["deliveries"]
    assert len(every) == 2 and latest == every[:1]
    order.unlink()
    assert len(command(delivered_repo, f"{CLI} deliveries tenant/tea").stdout.splitlines()) == 2


def test_a_delivery_that_failed_says_why(repo: Path) -> None:
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.write_text(order.read_text().replace("deliver_folder", "deliver_email").replace(
        "output_id: package_zip}}", "output_id: package_zip}, recipient_email: desk@weather.example}"))
    assert command(repo, "doit run workorder:tenant/tea").returncode == 0
    assert "desk@weather.example  written to this machine's outbox, sent to nobody" in command(
        repo, f"{CLI} deliveries").stdout
    assert command(repo, f"{CLI} deliveries --tenant-id tenant").stdout == command(repo, f"{CLI} deliveries").stdout


@pytest.mark.parametrize(("words", "said"), [
    ("orchestrator nobody", "nobody: no such tenant; "),
    ("orchestrator tenent/tea", "tenent: no such tenant; did you mean `tenant`?"),
    ("runs --since ''", "--since '' is not a time; "),
    ("status --since ''", "--since '' is not a time; "),
])
def test_an_unknown_tenant_and_an_empty_time_are_refused(repo: Path, words: str, said: str) -> None:
    done = command(repo, f"{CLI} {words}")
    assert (done.returncode, said in done.stderr, done.stderr.count("\n")) == (2, True, 1), done.stdout + done.stderr


def test_the_report_of_a_run_goes_to_standard_output(delivered_repo: Path) -> None:
    done = command(delivered_repo, f"{CLI} runs show last --html -")
    assert done.stdout.lower().startswith("<!doctype html>") and not (delivered_repo / "-").exists()
