"""`status --summary`, `--failed` and `--since`: 302 orders on one screen, and only what a person looks for."""
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from platform.report.status import OrderState, StatusReport, StepState
from platform.report.status_summary import as_lines, needs_attention, order_summary
from tests import support

SCREEN = 24


def _step(name: str, state: str) -> StepState:
    return StepState(name, "say", "transform", state, "module_failed" if state == "FAILED" else "", "", 1.0, 5, "", "",
                     "", "", ())


def _order(tenant: str, name: str, state: str, *steps: str) -> OrderState:
    return OrderState(tenant, name, "", state, "", 10, tuple(_step(f"s{at}", each) for at, each in enumerate(steps)))


def _night(failed: int, waiting: int, tenants: int, refused: Mapping[str, tuple[str, ...]]) -> StatusReport:
    orders = []
    for number in range(302):
        tenant = f"tenan{number % tenants}" if tenants <= 10 else f"t{number % tenants:05}"
        state = "PARTIAL" if number < failed + waiting else "COMPLETED"
        step = "FAILED" if number < failed else "NEEDS_DECISION" if number < failed + waiting else "COMPLETED"
        orders.append(_order(tenant, f"order{number:03}", state, "COMPLETED", step))
    return StatusReport(tuple(orders), refused, {})


@pytest.mark.parametrize("failed, waiting, tenants", [(0, 0, 1), (3, 2, 10), (302, 0, 300), (150, 150, 60)])
def test_302_orders_fit_on_one_screen(failed: int, waiting: int, tenants: int) -> None:
    of = order_summary(_night(failed, waiting, tenants, {"tenan1/broken": ("file:1:1: error[x]: " + "y" * 300,)}))
    lines = as_lines(of)
    assert len(lines) <= SCREEN and max(map(len, lines)) <= 200
    assert max(map(len, lines[2:15])) <= 100
    assert lines[0].startswith("303 orders: ") and sum(of.orders.values()) == 303
    assert len(of.attention) == failed + waiting + 1 and sum(of.steps.values()) == 604


def test_what_failed_comes_first_by_tenant() -> None:
    status = StatusReport((
        _order("bbbbbb", "fine", "COMPLETED", "COMPLETED"),
        _order("bbbbbb", "half", "PARTIAL", "COMPLETED", "FAILED", "SKIPPED"),
        _order("aaaaaa", "waits", "PARTIAL", "NEEDS_DECISION"),
        _order("aaaaaa", "broke", "FAILED", "FAILED"),
        _order("aaaaaa", "next", "DUE", "DUE"),
    ), {}, {"aaaaaa": 7})
    assert as_lines(order_summary(status)) == [
        "5 orders: 1 FAILED, 2 PARTIAL, 1 DUE, 1 COMPLETED",
        "7 steps: 2 FAILED, 1 NEEDS_DECISION, 1 DUE, 1 SKIPPED, 2 COMPLETED",
        "FAILED         aaaaaa/broke/s0  module_failed",
        "NEEDS_DECISION aaaaaa/waits/s0",
        "PARTIAL        bbbbbb/half/s1   module_failed",
        "aaaaaa  1 FAILED, 1 PARTIAL, 1 DUE; balance 7",
        "bbbbbb  1 PARTIAL, 1 COMPLETED",
    ]
    assert [order.work_order_id for order in filter(needs_attention, status.orders)] == ["half", "waits", "broke"]


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = support.delivered(tmp_path_factory.mktemp("status") / "repo")
    orders = repo / "tenants" / "tenant" / "workorders"
    (orders / "bad.yml").write_text("work_order_id: bad\nsteps:\n  - {step_id: one, module_id: say, kind: transform, "
                                    "inputs: {text: x, fail: external_api_error}}\n")
    assert support.command(repo, "doit run").returncode == 1
    return repo


@pytest.mark.parametrize("words, shown", [
    ("--failed", ["bad"]), ("--since today", ["bad", "tea"]), ("--since 2h --failed", ["bad"]),
    ("--since 2999-01-01", []),
])
def test_only_what_is_asked_for(repo: Path, words: str, shown: list[str]) -> None:
    done = support.command(repo, f"python -m platform.cli status {words} --json")
    assert done.returncode == 0, done.stderr
    assert [order["work_order_id"] for order in json.loads(done.stdout)["orders"]] == shown
    text = support.command(repo, f"python -m platform.cli status {words}").stdout
    assert (text == "no such order\n") is not bool(shown)


def test_the_summary_of_a_workspace(repo: Path) -> None:
    done = support.command(repo, "python -m platform.cli status --summary")
    assert done.stdout.splitlines()[2:] == ["FAILED         tenant/bad/one  external_api_error: told to fail",
                                            "tenant  1 FAILED, 1 COMPLETED; balance 86"]
    shown = json.loads(support.command(repo, "python -m platform.cli status --summary --json").stdout)
    assert (shown["orders"], shown["attention"][0]["work_order_id"]) == ({"FAILED": 1, "COMPLETED": 1}, "bad")


def test_a_time_that_is_none_is_one_line(repo: Path) -> None:
    done = support.command(repo, "python -m platform.cli status --since soon")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
