"""One reader, one writer and one list of kinds for the names of an order's tasks."""
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.model.ids import OrderId, StepId
from platform.model.named import Named, task_named
from platform.model.task_name import ASKABLE, TaskKind, TaskName, kind_of, order_task, step_task

PLATFORM = Path(__file__).parents[2] / "platform"
ORDER = OrderId("nxlkGI", "UbjkpxZO")
PART = st.text(st.characters(blacklist_characters="/:", blacklist_categories=("Cs",)), min_size=1)


@given(st.sampled_from(TaskKind), PART, PART, PART)
def test_what_is_written_is_read(kind: TaskKind, tenant_id: str, work_order_id: str, step_id: str) -> None:
    name = TaskName(kind, OrderId(tenant_id, work_order_id), step_id if kind is TaskKind.STEP else "")
    assert TaskName.parse(str(name)) == name
    assert kind_of(str(name)) is kind


@pytest.mark.parametrize(("text", "name"), [
    ("step:nxlkGI/UbjkpxZO/a", TaskName(TaskKind.STEP, ORDER, "a")),
    ("nxlkGI/UbjkpxZO/a", TaskName(TaskKind.STEP, ORDER, "a")),
    ("nxlkGI/UbjkpxZO", TaskName(TaskKind.WORKORDER, ORDER)),
    ("charge:nxlkGI/UbjkpxZO", TaskName(TaskKind.CHARGE, ORDER)),
    ("publish:nxlkGI/UbjkpxZO", TaskName(TaskKind.PUBLISH, ORDER)),
    ("nxlkGI/UbjkpxZO/", TaskName(TaskKind.WORKORDER, ORDER)),
    (" nxlkGI/UbjkpxZO ", TaskName(TaskKind.WORKORDER, ORDER)),
    ("charge:nxlkGI:UbjkpxZO", TaskName(TaskKind.CHARGE, ORDER)),
    ("tenants/nxlkGI/workorders/UbjkpxZO.yml", TaskName(TaskKind.WORKORDER, ORDER)),
])
def test_what_a_person_types(text: str, name: TaskName) -> None:
    assert task_named(text) == name


@pytest.mark.parametrize("text", [
    "", ":", "step", "step:", "nxlkGI", "step:nxlkGI/UbjkpxZO", "workorder:nxlkGI/UbjkpxZO/a", "step:a//b", "a/b/c/d",
    "step:a/b/c/d", "_settle:a/b/c", "step:step:a/b/c/d", "maintenance:",
    "charge:/b", "charge:a/"])
def test_what_names_no_task_of_an_order(text: str) -> None:
    with pytest.raises(ValueError):
        task_named(text)


def test_the_settlement_is_doits_and_not_a_persons() -> None:
    assert TaskName.parse("_settle:nxlkGI/UbjkpxZO").kind is TaskKind.SETTLE
    assert TaskKind.SETTLE not in ASKABLE


def test_names_of_steps_and_orders() -> None:
    step_id = StepId(*ORDER, "a")
    assert step_task(step_id) == "step:nxlkGI/UbjkpxZO/a" == str(TaskName.of_step(step_id))
    assert TaskName.of_step(step_id).step == step_id
    assert [order_task(kind, ORDER) for kind in (TaskKind.CHARGE, TaskKind.SETTLE)] == [
        "charge:nxlkGI/UbjkpxZO", "_settle:nxlkGI/UbjkpxZO"]


@pytest.mark.parametrize("name", ["check", "state", "workorder", "maintenance:modules_index", "step", ""])
def test_other_tasks_and_groups_have_no_kind(name: str) -> None:
    assert kind_of(name) is None


def test_no_other_module_spells_a_name_out() -> None:
    spelt = re.compile(r"""["'(](step|workorder|charge|publish|_settle):(["'{)]|\{)""")
    found = {path.relative_to(PLATFORM).as_posix() for path in PLATFORM.rglob("*.py")
             for line in path.read_text().splitlines() if spelt.search(line)}
    # `charge:` and `publish:` begin keys of the ledger, `step:` a field of a reason and its own words in comments
    assert found <= {"ledger/rules/keys.py", "run/current.py", "model/task_name.py"}, found


@pytest.mark.parametrize(("text", "name"), [
    ("nxlkGI", ("nxlkGI",)), ("nxlkGI/", ("nxlkGI",)), ("nxlkGI/a", ("nxlkGI", "a")),
    ("nxlkGI/a/b", ("nxlkGI", "a", "b")),
    ("nxlkGI:a", ("nxlkGI", "a")), ("nxlkGI:a:b", ("nxlkGI", "a", "b")), ("step:nxlkGI/a/b", ("nxlkGI", "a", "b")),
    ("charge/a", ("charge", "a")), ("workorder:nxlkGI", ("nxlkGI",)), ("tenants/nxlkGI", ("nxlkGI",)),
    ("./tenants/nxlkGI/", ("nxlkGI",)), ("/srv/shop/tenants/nxlkGI/tenant.yml", ("nxlkGI",)),
    ("tenants/nxlkGI/workorders/a.yml", ("nxlkGI", "a")), ("nxlkGI/a.yml", ("nxlkGI", "a")),
    ("tenants/nxlkGI/workorders/", ("nxlkGI",)), ("../tenants/nxlkGI/workorders/a.yml", ("nxlkGI", "a"))])
def test_a_name_of_a_tenant_an_order_or_a_step(text: str, name: tuple[str, ...]) -> None:
    assert Named.parse(text) == Named(*name)


@pytest.mark.parametrize("text", ["", " ", "/", ":", "/a", "a//b", "a/b/c/d", "a/b//", "step:", "../a/b/c"])
def test_what_names_nothing_is_told_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match="write TENANT"):
        Named.parse(text)


@given(PART, PART, PART)
def test_a_name_that_is_written_is_read(tenant_id: str, order_id: str, step_id: str) -> None:
    tenant_id, order_id, step_id = (f"x{part}x" for part in (tenant_id, order_id, step_id))
    names = [Named(tenant_id), Named(tenant_id, order_id), Named(tenant_id, order_id, step_id)]
    assert [Named.parse(str(name)) for name in names] == names
