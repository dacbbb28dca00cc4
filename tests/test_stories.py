"""Stories: an order in; plan, ledger rows and files out (tests/cases/README.md says how they are written)."""
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import answers
from tests.support import CASES, command, repository, rows, started

STORIES = sorted(path.parent.name for path in CASES.glob("*/story.yml"))
PROCESSES = [name for name in STORIES if yaml.safe_load((CASES / name / "story.yml").read_text()).get("processes")]


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.slow] if name in PROCESSES else []) for name in STORIES])
def test_story(name: str, tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo", CASES / name / "repo")
    story = yaml.safe_load((CASES / name / "story.yml").read_text())
    run = started if name in PROCESSES else command
    before = State(repo)
    for number, act in enumerate(story["acts"], 1):
        change(repo, act)
        asked = answers.before(repo, act["run"])
        assert State(repo).transactions == before.transactions, "a quote posts nothing"
        done = run(repo, act["run"])
        after = State(repo)
        told = done.stdout + done.stderr
        assert act.keys() <= KEYS, f"act {number} has unknown keys {act.keys() - KEYS}"
        expected = {"exit": act.get("exit", 0), "transactions": act.get("transactions", []),
                    "items": sorted(act.get("items", [])), "ran": act.get("ran", {}), "orders": act.get("orders", {}),
                    "balance": act.get("balance", {}), "unsaid": [], "said": [], "traceback": False}
        seen = {"exit": done.returncode, "transactions": after.transactions[len(before.transactions):],
                "items": sorted(after.items[len(before.items):]), "ran": after.new_runs(before),
                "orders": {order: after.orders.get(order) for order in act.get("orders", {})},
                "balance": {tenant: after.balances.get(tenant) for tenant in act.get("balance", {})},
                "unsaid": [words for words in act.get("says", []) if words not in told],
                "said": [words for words in act.get("says_not", []) if words in told],
                "traceback": "Traceback" in told}
        assert seen == expected, f"act {number}: {act['run']}\n{told}"
        if asked and done.returncode != 2:
            keep_their_word(asked, act, before, after)
        before = after
    assert unexplained(repo) == story.get("unexplained", [])


def test_three_stories_start_processes_and_all_others_run_in_this_one() -> None:
    assert len(PROCESSES) == 3


def unexplained(repo: Path) -> list[str]:
    """What the audit says at the end: an honest history has no credit that nothing explains, and no run unpaid."""
    if not (repo / ".billing-state").is_dir():
        return []
    done = command(repo, "python -m platform.cli ledger audit --json")
    return [row["why"] for row in json.loads(done.stdout)["unexplained"]]


def keep_their_word(asked: answers.Answers, act: dict[str, Any], before: "State", after: "State") -> None:
    """The quote was the bill, and `why` had a reason for every step that ran."""
    posted = after.transactions[len(before.transactions):]
    assert asked.items == sorted(item for item in after.items[len(before.items):] if item.startswith("SPEND")), act
    if not any(post.startswith("REFUND") for post in posted):
        assert {tenant: after.balances[tenant] for tenant in asked.balances} == asked.balances, act
    assert answers.unexplained(asked, after.new_runs(before)) == [], act
    if act.get("exit", 0) == 0 and "step:" not in act["run"] and "charge:" not in act["run"]:
        due = {name for name, step in asked.steps.items() if step.reasons}
        assert due <= after.new_runs(before).keys(), act
    assert {name: answers.lines(asked.steps[name]) for name in act.get("why", {})} == act.get("why", {}), act


KEYS = {"edit", "write", "delete", "run", "exit", "transactions", "items", "ran", "orders", "balance", "says",
        "says_not", "why"}


def change(repo: Path, act: dict[str, Any]) -> None:
    for path, (old, new) in act.get("edit", {}).items():
        text = (repo / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (repo / path).write_text(text.replace(old, new))
    for path, text in act.get("write", {}).items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    for path in act.get("delete", []):
        (repo / path).unlink(missing_ok=True)


class State:
    """What is in the ledger and in the runtime folder at one moment, in the words of the stories."""

    def __init__(self, repo: Path) -> None:
        ledger = repo / ".billing-state"
        self.transactions = [f"{row['type']} {row['amount_credits']} {row['reason_code']}".strip()
                             for row in rows(ledger / "transactions.csv")]
        self.items = [f"{row['type']} {row['step_id']} {row['deliverable_id']} {row['amount_credits']}"
                      for row in rows(ledger / "transaction_items.csv")
                      if row["deliverable_id"] != "__delivery_evidence__"]
        self.balances = {row["tenant_id"]: int(row["credits_available"])
                         for row in rows(ledger / "tenants_credits.csv")}
        self.orders = {path.parent.name: status(path) for path in repo.glob("runtime/*/*/order.json")}
        self.runs = {path.parent.name: (path.stat().st_ino, path.stat().st_mtime_ns, status(path))
                     for path in repo.glob("runtime/*/*/*/run.json")}

    def new_runs(self, before: "State") -> dict[str, str]:
        return {step: run[2] for step, run in self.runs.items() if before.runs.get(step) != run}


def status(path: Path) -> str:
    record = json.loads(path.read_text())
    return f"{record['status']} {record['reason']}".strip()
