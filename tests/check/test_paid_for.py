"""Whatever a tenant writes into its folder, everything delivered is paid for at the listed price."""
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from platform.check import check
from platform.ledger.rules.balance import Book
from platform.ledger.rules.charge import decide_charge
from platform.ledger.rules.credit import topup
from platform.model.ids import OrderId
from platform.plan.expand import expand
from tests.check.conftest import ORDER, TODAY, Small
from tests.check.edits import FILES, bound, orders, unpaid

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
ID = OrderId("nxlkGI", "UbjkpxZO")


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Small:
    small = Small(tmp_path_factory.mktemp("shop"))
    for file, text in FILES.items():
        small.put(file, text)
    assert not [line for line in small.lines() if "modules/" in line or "config/" in line]
    return small


def charged(small: Small) -> dict[str, dict[str, int]] | None:
    """What the run would charge, by step and item; None when the order is refused."""
    repo = small.load()
    plan = expand(repo, check(repo, TODAY), NOW)
    if ID not in plan.orders:
        return None
    book = Book()
    book.apply(topup("nxlkGI", 1000, "bank-wire", "wire-1"))
    decision = decide_charge(book, plan.orders[ID], repo.tenants["nxlkGI"], {}, TODAY)
    assert not decision.refusal
    found: dict[str, dict[str, int]] = {}
    for post in decision.posts:
        for item in post.items:
            found.setdefault(item.step_id, {})[item.deliverable_id] = -item.amount_credits
    return found


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=orders())
def test_what_an_accepted_order_delivers_is_paid_for(shop: Small, text: str) -> None:
    shop.put(ORDER, text)
    found = charged(shop)
    if found is not None:
        assert unpaid(shop.root, shop.root / ORDER, found, TODAY) == []


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=orders())
def test_an_order_is_refused_as_not_bought_only_when_something_would_leave_unpaid(shop: Small, text: str) -> None:
    """A rule that refused everything would hold the property above."""
    shop.put(ORDER, text)
    problems = {problem.code for problem in shop.problems() if not problem.warning}
    if problems == {"output-not-bought"}:
        import yaml
        steps = [step for step in yaml.safe_load(text)["steps"] if step.get("enabled", True)]
        free = {step["step_id"]: dict.fromkeys(["__run__", *step.get("deliverables", [])], 0) for step in steps}
        assert [line for line in unpaid(shop.root, shop.root / ORDER, free, TODAY) if " takes " in line]


@pytest.mark.slow
def test_the_edits_reach_all_that_matters(shop: Small) -> None:
    """So that the properties are about something: orders that are accepted and deliver, others that are not bought."""
    seen: Counter[str] = Counter()

    @settings(max_examples=150, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))
    @given(text=orders())
    def look(text: str) -> None:
        shop.put(ORDER, text)
        accepted = charged(shop) is not None
        seen["accepted" if accepted else "refused"] += 1
        seen["not bought"] += any(problem.code == "output-not-bought" for problem in shop.problems())
        seen["delivers"] += accepted and any(
            list(bound(step.get("inputs", {}))) for step in yaml.safe_load(text)["steps"]
            if step["kind"] != "transform")

    look()
    assert min(seen[name] for name in ("accepted", "refused", "not bought", "delivers")) >= 10, seen


def test_the_oracle_finds_what_is_not_paid(shop: Small) -> None:
    """So that it can fail: an order as it was delivered before the rule, and one whose price is not the listed one."""
    shop.put(ORDER, """\
work_order_id: UbjkpxZO
steps:
  - {step_id: a, module_id: make, kind: transform}
  - {step_id: b, module_id: send, kind: delivery, inputs: {files: [[{from_step: a, output_id: open}]]}}
""")
    assert charged(shop) is None
    paid = {"a": {"__run__": 5}, "b": {"__run__": 1}}
    assert unpaid(shop.root, Path(shop.root / ORDER), paid, TODAY) == [
        "b takes open/deep/inner.txt of a, which inside sells"]
    assert unpaid(shop.root, shop.root / ORDER, {**paid, "a": {"__run__": 4, "inside": 4}}, TODAY) == [
        "a: __run__ is charged 4 and costs 5"]
