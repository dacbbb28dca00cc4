"""Data flows one way also while it flows: one step is followed from its YAML to its ledger line and its record, by
the calls that Python makes. Imports cannot show this: a function that is handed down is called upwards.

A library (the layers below `check`) may be called from anywhere; it calls nobody above it. The others are stages.
"""
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@pytest.fixture
def run(tmp_path: Path) -> Run:
    repo = repository(tmp_path / "repo")
    (repo / "tenants/tenant/workorders").mkdir(exist_ok=True)
    (repo / "tenants/tenant/workorders/tea.yml").write_text(ORDER)
    return Run(Workspace.open(repo))


def test_a_step_is_followed_from_its_yaml_to_its_ledger_line_and_its_record(run: Run) -> None:
    with followed() as calls:
        actions.state(run)
        order = run.snapshot.plan.orders[TEA]
        actions.charge(run, TEA)
        for step in order.steps:
            steps.take(run, step)
        actions.workorder(run, TEA)
    assert [read_record(run.workspace.runtime_dir, step.id).status for step in order.steps] == ["COMPLETED"] * 2
    assert "charge" in [row["kind"] for row in rows(run.workspace.billing_state_dir / "journal.csv")]
    first = list(dict.fromkeys(call.callee for call in calls if call.callee in ("config", "check", "plan", "run")))
    assert first == ["config", "check", "plan", "run"]
    # What to post is decided under the ledger's lock: only these functions are handed down, for charge and settlement.
    assert {call.caller for call in upwards(calls)} == {"ledger"}


def test_a_step_that_runs_enters_each_stage_once_and_never_goes_up(run: Run) -> None:
    actions.state(run)
    order = run.snapshot.plan.orders[TEA]
    actions.charge(run, TEA)
    steps.take(run, order.steps[0])
    with followed() as calls:
        steps.take(run, order.steps[1])
    assert upwards(calls) == []
    inside = [call for call in calls if call.caller == "run" and call.callee not in LIBRARIES]
    assert [(call.callee, call.function) for call in inside] == [("check", "check_selected")]


def test_what_is_followed_would_show_a_call_upwards(run: Run) -> None:
    with followed() as calls:
        run.records.every(TEA)
        list(map(run.records.of_step, run.snapshot.plan.orders[TEA].steps))
    assert ("app", "run") in {(call.caller, call.callee) for call in calls}
    assert upwards([Call("run", "app", "f")]) and not upwards([Call("app", "run", "f")])
