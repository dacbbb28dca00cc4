"""`why` as people ask it: of a task, of a charge, of one credit on the bill; and `doit info` in its own form."""
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import CASES, command, repository, rows

WHY = "python -m platform.cli why"
TEA = "tenants/tenant/workorders/tea.yml"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """`one` (5, and 2 for said) and `two` (5), which binds what `one` said; run once."""
    made = repository(tmp_path / "repo", CASES / "first_run_and_second" / "repo")
    assert command(made, "doit run").returncode == 0
    return made


def why(repo: Path, words: str) -> dict[str, Any]:
    done = command(repo, f"{WHY} {words} --json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def edit(repo: Path, path: str, old: str, new: str) -> None:
    text = (repo / path).read_text()
    assert old in text
    (repo / path).write_text(text.replace(old, new))


def items(repo: Path) -> list[dict[str, str]]:
    return rows(repo / ".billing-state" / "transaction_items.csv")


def run_of(repo: Path, step: str) -> dict[str, Any]:
    return json.loads((repo / "runtime/tenant/tea" / step / "run.json").read_text())


def test_what_is_up_to_date_says_with_which_run_and_which_post_it_was_compared(repo):
    answer = why(repo, "step:tenant/tea/one")
    assert (answer["task"], answer["verdict"], answer["words"], answer["reasons"]) == (
        "step:tenant/tea/one", "cached", "up to date", [])
    assert answer["compared_with"]["run_id"] == run_of(repo, "one")["run_id"]
    assert [[item["deliverable_id"], item["due"], item["words"], item["compared_with"]["transaction_item_id"]]
            for item in answer["charge"]["items"]] == [
        ["__run__", False, "paid", items(repo)[0]["transaction_item_id"]],
        ["said", False, "paid", items(repo)[1]["transaction_item_id"]]]


def test_an_edited_input_is_named_with_both_values_here_and_further_down(repo):
    edit(repo, TEA, "text: tea", "text: coffee")
    one, two = why(repo, "tenant/tea/one"), why(repo, "tenant/tea/two")
    assert [one["reasons"][1][key] for key in ("field", "old", "new")] == ["inputs.text", "tea", "coffee"]
    assert one["reasons"][0]["field"] == "task_hash"
    binding = two["reasons"][1]
    assert (binding["field"], binding["source"]) == ("bindings./after.task_hash", "said of step one")
    assert [binding["old"], binding["new"]] == [one["reasons"][0]["old"], one["reasons"][0]["new"]]
    assert [two["because"][0][key] for key in ("step_id", "field", "old", "new")] == [
        "one", "inputs.text", "tea", "coffee"]
    charge = one["charge"]
    assert (charge["verdict"], charge["credits"]) == ("charge", 7)
    assert {item["words"] for item in charge["items"]} == {"the order changed since this was paid"}
    assert charge["items"][0]["compared_with"]["task_hash"] == one["reasons"][0]["old"]


def test_every_reason_is_told_not_only_the_first(repo):
    edit(repo, TEA, "text: tea", "text: coffee")
    edit(repo, "modules/say/module.yml", "version: 1.0.0", "version: 1.1.0")
    (repo / "modules/say/words.txt").write_text("new")
    (repo / "runtime/tenant/tea/one/outputs/said.txt").unlink()
    reasons = why(repo, "tenant/tea/one")["reasons"]
    assert [[each["field"], each["words"]] for each in reasons][1:] == [
        ["inputs.text", "inputs.text changed"], ["module_version", "module_version changed"],
        ["modules/say/module.yml", "modules/say/module.yml changed"],
        ["modules/say/words.txt", "modules/say/words.txt is new"],
        ["outputs/said.txt", "its output said.txt is missing"]]


def test_what_only_came_out_different_upstream_is_told_with_that_run(repo):
    """`one` is mended and says something else; the order did not change, so nothing is charged."""
    edit(repo, "modules/say/src/run.py", 'params["text"] +', 'params["text"].upper() +')
    command(repo, "doit run step:tenant/tea/one")
    two = why(repo, "tenant/tea/two")
    assert [each["field"] for each in two["reasons"]] == ["bindings./after.sha256", "modules/say/src/run.py"]
    assert two["reasons"][0]["source"] == "said of step one"
    assert two["because"][0]["words"].startswith(f"ran again: run {run_of(repo, 'one')['run_id']}")
    assert two["charge"]["verdict"] == "paid"


def test_a_failed_step_that_was_refunded_says_that_it_is_charged_again(repo):
    edit(repo, TEA, "inputs: {text: tea}", "inputs: {text: tea, fail: external_api_error}")
    assert command(repo, "doit run").returncode == 1
    one = why(repo, "tenant/tea/one")
    assert [one["reasons"][0][key] for key in ("field", "old", "new", "source")] == [
        "status", "FAILED external_api_error", "COMPLETED", "told to fail"]
    assert [[item["due"], item["words"], item["compared_with"]["type"]] for item in one["charge"]["items"]] == [
        [True, "refunded (external_api_error); running it again is charged again", "REFUND"]] * 2


def test_an_order_and_its_charge_can_be_asked_too(repo):
    order, charge = why(repo, "tenant/tea"), why(repo, "charge:tenant/tea")
    assert (order["task"], order["verdict"], len(order["steps"])) == ("workorder:tenant/tea", "cached", 2)
    assert order["charge"] == charge
    assert [[item["step_id"], item["deliverable_id"]] for item in charge["items"]] == [
        ["one", "__run__"], ["one", "said"], ["two", "__run__"]]
    edit(repo, TEA, "steps:", "steps: {}\nmore:")
    broken = why(repo, "workorder:tenant/tea")
    assert (broken["verdict"], broken["refusal"]) == ("refused", "workorder_invalid")
    assert broken["problems"][0].startswith(f"{TEA}:2:8: error[")


def test_a_refused_order_says_why_nothing_of_it_runs_and_still_what_moved(repo):
    edit(repo, TEA, "text: tea", "text: coffee")
    (repo / "tenants/tenant/tenant.yml").write_text("tenant_id: tenant\ntenant_name: A tenant\nstatus: suspended\n")
    one = why(repo, "tenant/tea/one")
    assert (one["verdict"], one["words"]) == ("refused", "tenant_suspended")
    assert [each["field"] for each in one["reasons"]] == ["task_hash", "inputs.text"]
    assert (one["charge"]["verdict"], one["charge"]["refusal"], one["charge"]["credits"]) == (
        "refused", "tenant_suspended", 7)
    said = command(repo, f"{WHY} tenant/tea").stdout.splitlines()
    assert said[0] == "workorder:tenant/tea  refused: tenant_suspended"
    assert "  its part of charge:tenant/tea: refused, tenant_suspended; 7 credits not paid" in said


def test_on_a_fresh_clone_everything_is_new_and_nothing_is_made(tmp_path):
    repo = repository(tmp_path / "repo", CASES / "first_run_and_second" / "repo")
    answer = why(repo, "tenant/tea/two")
    assert ([each["words"] for each in answer["reasons"]], answer["compared_with"]) == (["it has not run yet"], None)
    assert answer["charge"]["items"][0]["words"] == "never paid"
    assert not (repo / "runtime").exists() and not (repo / ".billing-state").exists()


def test_the_same_in_words(repo):
    edit(repo, TEA, "text: tea", "text: coffee")
    said = command(repo, f"{WHY} tenant/tea/two").stdout.splitlines()
    assert said[0] == "step:tenant/tea/two  run: what was ordered changed: bindings./after.task_hash"
    assert said[2].startswith("  bindings./after.task_hash changed: ") and said[2].endswith("  (said of step one)")
    assert said[3] == '    because step one: inputs.text changed: "tea" -> "coffee"'
    assert said[4].startswith(f"  compared with run {run_of(repo, 'two')['run_id']} of ")
    assert said[5] == "  its part of charge:tenant/tea: 5 credits due"
    assert items(repo)[2]["transaction_item_id"] in said[6]


def test_doit_info_says_the_same(repo):
    edit(repo, TEA, "text: tea", "text: coffee")
    said = command(repo, "doit info step:tenant/tea/one").stdout
    assert 'inputs.text changed: "tea" -> "coffee"' in said
    assert "its part of charge:tenant/tea: 7 credits due" in said
    assert "object at 0x" not in said and "function" not in said


def test_one_credit_is_explained_from_the_post_to_the_record(repo):
    row = items(repo)[1]
    answer = why(repo, f"--charge {row['transaction_item_id']}")
    run = run_of(repo, "one")
    assert [answer[key] for key in ("tenant_id", "work_order_id")] == ["tenant", "tea"]
    assert [answer["item"][key] for key in ("step_id", "deliverable_id", "amount_credits", "refund_epoch")] == [
        "one", "said", -2, 0]
    assert answer["item"]["transaction_id"] == row["transaction_id"]
    assert answer["price"]["price_credits"] == 2 and answer["price"]["place"].startswith("config/module_prices.csv:")
    assert (answer["task"], answer["item"]["task_hash"]) == (run["task"], run["task_hash"])
    assert answer["task"]["inputs"]["text"] == "tea"
    assert (answer["run"]["run_id"], answer["run"]["status"]) == (run["run_id"], "COMPLETED")
    assert [each["transaction_item_id"] for each in answer["history"]] == [row["transaction_item_id"]]


def test_an_old_credit_is_still_explained_when_its_record_was_replaced(repo):
    row = items(repo)[0]
    edit(repo, TEA, "text: tea", "text: coffee")
    edit(repo, "config/module_prices.csv", "say,__run__,5", "say,__run__,6")
    assert command(repo, "doit run").returncode == 0
    answer = why(repo, f"--charge {row['transaction_item_id']}")
    assert (answer["task"]["inputs"]["text"], answer["run"]) == ("tea", None)
    said = command(repo, f"{WHY} --charge {row['transaction_item_id']}").stdout
    assert "6 credits since 2026-01-01" in said and "the price list was edited since" in said
    assert 'inputs.text "tea"' in said and 'deliverables ["said"]' in said and "a later run replaced its record" in said
    for file in (repo / "runtime/tenant/tea/.tasks").glob("*"):
        file.write_text('{"inputs": {"text": "a lie"}}')
    assert why(repo, f"--charge {row['transaction_item_id']}")["task"] == {}
    assert "no longer kept" in command(repo, f"{WHY} --charge {row['transaction_item_id']}").stdout


def test_a_refund_and_the_charge_after_it_name_each_other(repo):
    edit(repo, TEA, "inputs: {text: tea}", "inputs: {text: tea, fail: external_api_error}")
    command(repo, "doit run")
    command(repo, "doit run")
    said = [row for row in items(repo) if (row["step_id"], row["deliverable_id"]) == ("one", "said")]
    first, back, again = said[1:4]
    answer = why(repo, f"--charge {again['transaction_item_id']}")
    assert answer["item"]["refund_epoch"] == 1
    assert [each["transaction_item_id"] for each in answer["history"]][:3] == [
        each["transaction_item_id"] for each in (first, back, again)]
    told = command(repo, f"{WHY} --charge {back['transaction_item_id']}").stdout
    assert told.startswith(f"REFUND  2 credits, item {back['transaction_item_id']}")
    assert "the paid credits are refunded: external_api_error" in told


@pytest.mark.parametrize(("words", "said"), [
    ("", "name a task, or an item with --charge"), ("tenant/tea/one --charge x", "name a task, or an item"),
    ("tea", "not a task of an order"), ("settle:tenant/tea", "work order settle/tenant/tea does not exist"),
    ("charge:tenant/tea/one", "not a task of an order"), ("tenant", "not a task of an order"),
    ("tenant/tee", "did you mean workorder:tenant/tea?"), ("step:tenant/tea/tow", "did you mean step:tenant/tea/two?"),
    ("--charge nosuchitem", "the item does not exist"), ("--charge TRANSACTION", "is a transaction; its items are ")])
def test_what_is_no_task_and_no_item_is_told_in_one_line(repo, words, said):
    transaction = rows(repo / ".billing-state" / "transactions.csv")[-1]["transaction_id"]
    done = command(repo, f"{WHY} {words.replace('TRANSACTION', transaction)}")
    assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True), done.stderr
    assert len(done.stderr.splitlines()) == 1
