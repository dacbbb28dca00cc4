"""Data flows one way also while it flows: one step is followed from its YAML to its ledger line and its record, by
the calls that Python makes. Imports cannot show this: a function that is handed down is called upwards.

A library (the layers below `check`) may be called from anywhere; it calls nobody above it. The others are stages.
"""
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest

from platform.app import steps
from platform.app.run import Run
from platform.app.workspace import Workspace
from platform.doit_plugin import actions
from platform.model.ids import OrderId
from platform.run.records import read_record
from tests.support import ROOT, repository, rows
from tests.support import TEA as DELIVERED

ORDER = """work_order_id: tea
steps:
  - {step_id: one, module_id: say, kind: transform, deliverables: [said], inputs: {text: tea}}
  - step_id: two
    module_id: say
    kind: transform
    deliverables: [said]
    inputs: {text: {from_step: one, output_id: said, selector: text}}
"""
TEA = OrderId("tenant", "tea")
PACKAGE = f"{ROOT}/platform/"


class Call(NamedTuple):
    """A call from one package into another."""

    caller: str
    callee: str
    function: str


def layers() -> list[set[str]]:
    """The layers of pyproject.toml from the top, each as its packages."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return [{name.strip().removeprefix("platform.") for name in line.split("|")} for line in contracts[0]["layers"]]


LAYER = {name: number for number, names in enumerate(layers()) for name in names}
LIBRARIES = {name for name in LAYER if LAYER[name] > LAYER["signing"] and name not in ("check", "plan")}


def package_of(frame: FrameType) -> str:
    """The package of ours that a frame executes, or nothing."""
    file = frame.f_code.co_filename
    return file.removeprefix(PACKAGE).split("/")[0].removesuffix(".py") if file.startswith(PACKAGE) else ""


@contextmanager
def followed() -> Iterator[list[Call]]:
    """The calls from package to package that this thread makes inside `with`; imports are none."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        callee = package_of(frame) if event == "call" and frame.f_code.co_name != "<module>" else ""
        above = frame.f_back
        while callee and above is not None and not package_of(above):
            above = above.f_back
        if callee and above is not None and package_of(above) != callee:
            calls.append(Call(package_of(above), callee, frame.f_code.co_qualname))

    before: Callable[..., object] | None = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def upwards(calls: list[Call]) -> list[Call]:
    return [call for call in calls if LAYER[call.callee] < LAYER[call.caller]]


# What answers a question about a value that was read before, such as the book or the records. It changes nothing.
QUESTIONS = {"Book", "LedgerReader", "NewestRecords", "Past", "Ledger.exists", "claim", "acknowledged", "as_before",
             "executor_of", "inputs_then", "is_as_read", "knowing", "read_request", "this_process", "time_limit_s",
             "unpaid", "what_went_in"}
STAGES = ("config", "check", "plan", "ledger", "run")


def entries(calls: list[Call]) -> list[str]:
    """What the use cases ask the stages to do, in order."""
    return [f"{call.callee}: {call.function}" for call in calls
            if call.caller in ("app", "doit_plugin") and call.callee in STAGES
            and not {call.function, call.function.split(".")[0]} & QUESTIONS]


def once_each(names: list[str]) -> list[str]:
    return [name for name, _ in groupby(name.partition(":")[0] for name in names)]


def opened(folder: Path, order: str) -> Run:
    repo = repository(folder)
    (repo / "tenants/tenant/workorders").mkdir(exist_ok=True)
    (repo / "tenants/tenant/workorders/tea.yml").write_text(order)
    return Run(Workspace.open(repo))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return opened(tmp_path / "repo", ORDER)


def the_day_of(run: Run) -> dict[str, list[Call]]:
    """The calls of each task of the order, from its YAML to its settlement."""
    found: dict[str, list[Call]] = {}
    with followed() as found["state"]:
        actions.state(run)
        order = run.snapshot.plan.orders[TEA]
    with followed() as found["charge"]:
        actions.charge(run, TEA)
    for step in order.steps:
        with followed() as found[step.id.step_id]:
            steps.take(run, step)
    with followed() as found["workorder"]:
        actions.workorder(run, TEA)
    assert {read_record(run.workspace.runtime_dir, step.id).status for step in order.steps} == {"COMPLETED"}
    return found


def test_a_transform_enters_each_stage_once_and_the_ledger_for_charge_and_settlement(run: Run) -> None:
    day = the_day_of(run)
    kinds = [row["kind"] for row in rows(run.workspace.billing_state_dir / "journal.csv")]
    assert [kind for kind in kinds if kind in ("charge", "completion")] == ["charge", "completion"]
    # Before any order: a new ledger, and confirmed payments.
    assert once_each(entries(day["state"])) == ["config", "check", "plan", "ledger"]
    assert {name: once_each(entries(calls)) for name, calls in day.items() if name != "state"} == {
        "charge": ["ledger"], "one": ["run", "ledger", "run"], "two": ["run"], "workorder": ["ledger"]}
    assert entries(day["two"]) == ["run: current", "run: run_step", "run: keep"]
    # The order is locked now: what another run posted in the meantime counts.
    assert entries(day["one"]) == ["run: current", "ledger: Ledger.refresh", *entries(day["two"])]
    # What to post is decided under the ledger's lock: only these functions are handed down, for charge and settlement.
    assert {(name, call.caller) for name, calls in day.items() for call in upwards(calls)} == {
        ("state", "check"), ("charge", "ledger"), ("workorder", "ledger")}
    # What an earlier reading found valid is not checked again: `config` implements that memory.
    assert {call.function for call in upwards(day["state"])} <= {"Valid.holds", "Valid.add"}
    inside = [call for call in day["two"] if call.caller == "run" and call.callee not in LIBRARIES]
    assert [(call.callee, call.function) for call in inside] == [("check", "check_selected")]


def test_a_delivery_asks_the_ledger_before_and_after_its_attempt_and_goes_up_nowhere_else(tmp_path: Path) -> None:
    day = the_day_of(opened(tmp_path / "repo", DELIVERED))
    assert {name: once_each(entries(calls)) for name, calls in day.items() if name not in ("state", "put")} == {
        "charge": ["ledger"], "one": ["run", "ledger", "run"], "two": ["run"], "package": ["run"],
        "workorder": ["ledger"]}
    assert entries(day["put"]) == ["run: current", "run: run_step", "ledger: Ledger.post", "ledger: Ledger.post",
                                   "run: keep"]
    assert [(call.caller, call.function) for call in upwards(day["put"])] == [
        ("run", "LedgerGate.permit"), ("ledger", "LedgerGate._claim.<locals>.<lambda>"),
        ("run", "LedgerGate.ended"), ("ledger", "LedgerGate._acknowledge.<locals>.<lambda>")]


def test_what_is_followed_would_show_a_call_upwards(run: Run) -> None:
    with followed() as calls:
        run.records.every(TEA)
        list(map(run.records.of_step, run.snapshot.plan.orders[TEA].steps))
    assert ("app", "run") in {(call.caller, call.callee) for call in calls}
    assert upwards([Call("run", "app", "f")]) and not upwards([Call("app", "run", "f")])
    assert entries([Call("app", "run", "f"), Call("app", "ledger", "Book.epoch")]) == ["run: f"]
