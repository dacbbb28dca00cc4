"""What the plan promises: hashes that follow the work and nothing else, prices to the credit, a stable order."""
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform.model.contract import Contract, Deliverable, InputPort, OutputPort
from platform.model.ids import OrderId
from platform.model.order import Binding, Kind, Mode, Order, Selector, Step
from platform.model.order_outcome import outcome
from platform.model.plan import Plan
from platform.model.prices import PriceList, PriceRow
from platform.model.problem import Problem, SourcePosition
from platform.model.repo import Repo, TenantAsset
from platform.model.run import RunRecord, Status
from platform.plan.expand import expand
from platform.plan.graph import in_order
from platform.plan.period import next_period, period

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MAKE = Contract("make", "Make", "1.0.0", Kind.TRANSFORM, "makes text",
                inputs={"topic": InputPort("topic", "string", required=True),
                        "language": InputPort("language", "string", default="en"),
                        "big": InputPort("big", "boolean", limited=True)},
                outputs={"text": OutputPort("text", "file", "text.txt")},
                deliverables={"text": Deliverable("text", ("text",), {"big": True})})
TAKE = Contract("take", "Take", "1.0.0", Kind.TRANSFORM, "takes text",
                inputs={"source": InputPort("source", "file", required=True)},
                outputs={"out": OutputPort("out", "file", "out.txt")})
PRICES = PriceList([PriceRow("make", "__run__", 5, date(2026, 1, 1)), PriceRow("make", "text", 2, date(2026, 1, 1)),
                    PriceRow("take", "__run__", 1, date(2026, 1, 1), date(2026, 11, 24)),
                    PriceRow("take", "__run__", 3, date(2026, 11, 25))])
FIRST = Step("first", "make", Kind.TRANSFORM, deliverables=("text",), inputs={"topic": "tea"})
SECOND = Step("second", "take", Kind.TRANSFORM, inputs={"source": Binding(from_step="first", output_id="text")})
ORDER = Order("nxlkGI", "UbjkpxZO", steps=(FIRST, SECOND))


def plan_of(order: Order, **changes: object) -> Plan:
    repo = Repo(".", orders={order.id: order}, contracts={"make": MAKE, "take": TAKE}, prices=PRICES)
    return expand(replace(repo, **changes), (), NOW)  # type: ignore[arg-type]


def hashes(order: Order, **changes: object) -> dict[str, str]:
    return {step.id.step_id: step.task_hash for step in plan_of(order, **changes).orders[order.id].steps}


def test_the_price_is_exact_before_the_run() -> None:
    planned = plan_of(ORDER).orders[ORDER.id]
    charged = {step.id.step_id: {item.deliverable_id: item.amount_credits for item in step.charges}
               for step in planned.steps}
    assert charged == {"first": {"__run__": 5, "text": 2}, "second": {"__run__": 1}}
    assert planned.total_credits == 8


def test_the_last_day_of_a_price_is_inclusive() -> None:
    repo = Repo(".", orders={ORDER.id: ORDER}, contracts={"make": MAKE, "take": TAKE}, prices=PRICES)
    next_day = expand(repo, (), datetime(2026, 11, 25, tzinfo=UTC)).orders[ORDER.id]
    assert next_day.steps[1].total_credits == 3


def test_defaults_and_what_was_bought_are_effective_inputs() -> None:
    assert plan_of(ORDER).orders[ORDER.id].steps[0].params == {"topic": "tea", "language": "en", "big": True}


@pytest.mark.parametrize(("what", "changed", "moves"), [
    ("an input", replace(ORDER, steps=(replace(FIRST, inputs={"topic": "coffee"}), SECOND)), {"first", "second"}),
    ("a default written out",
     replace(ORDER, steps=(replace(FIRST, inputs={"topic": "tea", "language": "en"}), SECOND)), set()),
    ("metadata", replace(ORDER, metadata={"title": "Tea"}), set()),
    ("a step's shown name", replace(ORDER, steps=(replace(FIRST, step_name="First!"), SECOND)), set()),
    ("time-out and retries", replace(ORDER, steps=(replace(FIRST, timeout_s=5, retries=3), SECOND)), set()),
    ("what is bought", replace(ORDER, steps=(replace(FIRST, deliverables=()), SECOND)), {"first", "second"}),
    ("the order's id", replace(ORDER, work_order_id="UbjkpxZ1"), {"first", "second"}),
    ("the tenant", replace(ORDER, tenant_id="nxlkG1"), {"first", "second"}),
    ("the mode", replace(ORDER, mode=Mode.STRICT), set()),
    ("a binding's selector", replace(ORDER, steps=(FIRST, replace(SECOND, inputs={
        "source": Binding(from_step="first", output_id="text", selector=Selector.TEXT)}))), {"second"}),
])
def test_the_hash_follows_the_work_and_nothing_else(what: str, changed: Order, moves: set[str]) -> None:
    before, after = hashes(ORDER), hashes(changed)
    assert {name for name in before if before[name] != after[name]} == moves, what


def test_a_module_version_moves_the_hash() -> None:
    after = hashes(ORDER, contracts={"make": replace(MAKE, version="1.1.0"), "take": TAKE})
    assert not set(after.values()) & set(hashes(ORDER).values())


def test_a_price_moves_no_hash() -> None:
    dearer = PriceList([replace(row, price_credits=row.price_credits + 1) for row in PRICES.rows])
    assert hashes(ORDER, prices=dearer) == hashes(ORDER)


def test_an_asset_counts_by_its_bytes() -> None:
    order = replace(ORDER, steps=(replace(SECOND, inputs={"source": Binding(asset="table.csv")}),))
    one, same, other = (hashes(order, assets={("nxlkGI", "table.csv"): TenantAsset("table.csv", file, sha, 3)})
                        for file, sha in (("a", "1" * 64), ("b", "1" * 64), ("a", "2" * 64)))
    assert one == same != other


def test_no_literal_looks_like_a_binding() -> None:
    """A tenant could write the very map that a manifest makes of a binding."""
    bound = plan_of(ORDER).orders[ORDER.id].steps[1].spec["bindings"]["/source"]
    literal = replace(ORDER, steps=(FIRST, replace(SECOND, inputs={"source": {"bindings": {"/source": bound}}})))
    assert hashes(literal)["second"] != hashes(ORDER)["second"]


@given(st.permutations(["topic", "language", "extra", "other"]))
def test_the_order_of_keys_is_nothing(keys: list[str]) -> None:
    values = {"topic": "tea", "language": "de", "extra": [1, {"b": 2, "a": 1}], "other": None}
    steps = (replace(FIRST, inputs={key: values[key] for key in keys}), SECOND)
    assert hashes(replace(ORDER, steps=steps)) == hashes(replace(ORDER, steps=(replace(FIRST, inputs=values), SECOND)))


@given(st.dictionaries(st.integers(0, 9), st.sets(st.integers(0, 9)), max_size=10))
def test_every_step_stands_after_those_it_waits_for(edges: dict[int, set[int]]) -> None:
    waits = {str(a): tuple(str(b) for b in before if b < a and b in edges) for a, before in edges.items()}
    ordered = in_order(waits)
    assert sorted(ordered) == sorted(waits)
    assert all(ordered.index(before) < ordered.index(name) for name in waits for before in waits[name])


def test_free_steps_keep_the_order_of_the_file() -> None:
    assert in_order({"c": (), "a": ("b",), "b": (), "d": ()}) == ("c", "b", "a", "d")


def test_strict_runs_one_step_after_the_other() -> None:
    free = Step("free", "make", Kind.TRANSFORM, inputs={"topic": "x"})
    for mode, expected in ((Mode.PARTIAL_ALLOWED, [(), ("first",), ()]), (Mode.STRICT, [(), ("first",), ("second",)])):
        planned = plan_of(replace(ORDER, mode=mode, steps=(FIRST, SECOND, free))).orders[ORDER.id]
        assert [step.upstream for step in planned.steps] == expected


def test_a_broken_order_stops_itself_only() -> None:
    other = replace(ORDER, work_order_id="Other123")
    repo = Repo(".", orders={ORDER.id: ORDER, other.id: other}, contracts={"make": MAKE, "take": TAKE}, prices=PRICES)
    problem = Problem(SourcePosition("x.yml"), "duplicate-step", "wrong", "mend it", ("order", *other.id))
    plan = expand(repo, [problem], NOW)
    assert (set(plan.orders), plan.refused) == ({ORDER.id}, {other.id: (problem,)})
    assert expand(repo, [replace(problem, subject=("module", "take"))], NOW).orders == {}
    assert set(expand(repo, [replace(problem, warning=True)], NOW).orders) == {ORDER.id, other.id}


def test_drafts_and_disabled_steps_are_not_planned() -> None:
    assert plan_of(replace(ORDER, enabled=False)).orders == {}
    assert len(plan_of(replace(ORDER, steps=(FIRST, replace(SECOND, enabled=False)))).orders[ORDER.id].steps) == 1


@pytest.mark.parametrize(("cron", "now", "expected"), [
    ("", NOW, ""),
    ("0 6 * * 1", NOW, "2026-11-23T06:00Z"),
    ("0 10 24 11 *", NOW, "2026-11-24T10:00Z"),
    ("*/15 * * * *", datetime(2026, 11, 24, 10, 14, 59, tzinfo=UTC), "2026-11-24T10:00Z"),
])
def test_the_period_is_the_last_time_that_has_come(cron: str, now: datetime, expected: str) -> None:
    assert period(cron, now) == expected


@pytest.mark.parametrize(("cron", "now", "expected"), [
    ("", NOW, ""),
    ("0 6 * * 1", NOW, "2026-11-30T06:00Z"),
    ("0 10 24 11 *", NOW, "2027-11-24T10:00Z"),
    ("*/15 * * * *", datetime(2026, 11, 24, 10, 14, 59, tzinfo=UTC), "2026-11-24T10:15Z"),
    ("30 1 * * *", datetime(2026, 10, 25, 1, 30, tzinfo=timezone(timedelta(hours=1))), "2026-10-25T01:30Z"),
])
def test_the_next_period_is_the_first_time_that_has_not_come(cron: str, now: datetime, expected: str) -> None:
    assert next_period(cron, now) == expected


@given(st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 6 * * 1", "0 0 29 2 *", "15 1 1,15 * *"]),
       st.datetimes(datetime(2026, 1, 1), datetime(2032, 1, 1)))
def test_every_moment_is_in_exactly_one_period(cron: str, moment: datetime) -> None:
    """Local clocks that jump do not matter: a period begins where the one before it ends."""
    now = moment.replace(tzinfo=UTC)
    start, end = (datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
                  for text in (period(cron, now), next_period(cron, now)))
    assert start <= now < end
    assert next_period(cron, start) == period(cron, end) == end.strftime("%Y-%m-%dT%H:%MZ")
    assert period(cron, now.astimezone(timezone(timedelta(hours=-4)))) == period(cron, now)


def test_a_new_period_is_new_work() -> None:
    weekly = replace(ORDER, schedule_cron="0 6 * * 1")
    repo = Repo(".", orders={ORDER.id: weekly}, contracts={"make": MAKE, "take": TAKE}, prices=PRICES)
    this, next_week = (expand(repo, (), datetime(2026, 11, day, tzinfo=UTC)).orders[OrderId("nxlkGI", "UbjkpxZO")]
                       for day in (24, 30))
    assert this.steps[0].task_hash == next_week.steps[0].task_hash  # the 30th at midnight is before six o'clock
    later = expand(repo, (), datetime(2026, 11, 30, 6, tzinfo=UTC)).orders[OrderId("nxlkGI", "UbjkpxZO")]
    assert later.steps[0].task_hash != this.steps[0].task_hash


C, F, S = Status.COMPLETED, Status.FAILED, Status.SKIPPED


@pytest.mark.parametrize(("mode", "states", "refusal", "status", "reason"), [
    (Mode.PARTIAL_ALLOWED, (C, C), "", "COMPLETED", ""),
    (Mode.PARTIAL_ALLOWED, (C, F), "", "PARTIAL", "module_failed"),
    (Mode.STRICT, (C, F), "", "FAILED", "module_failed"),
    (Mode.PARTIAL_ALLOWED, (F, S), "", "FAILED", "module_failed"),
    (Mode.PARTIAL_ALLOWED, (None, None), "not_enough_credits", "FAILED", "not_enough_credits"),
    (Mode.PARTIAL_ALLOWED, (C, None), "", "PARTIAL", "not_run"),
    (Mode.PARTIAL_ALLOWED, (C, C), "tenant_suspended", "FAILED", "tenant_suspended"),
])
def test_the_final_status(mode: Mode, states: tuple[Status | None, ...], refusal: str, status: str,
                          reason: str) -> None:
    planned = plan_of(replace(ORDER, mode=mode)).orders[ORDER.id]
    runs = {step.id.step_id: RunRecord(*step.id, "make", "1", "transform", state, step.task_hash, 0, "r", "d",
                                       reason="module_failed" if state is F else "")
            for step, state in zip(planned.steps, states, strict=True) if state}
    result = outcome(planned, runs, refusal)
    assert (result.status, result.reason) == (status, reason)
