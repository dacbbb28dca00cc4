"""The status on a terminal of any width: columns that hold, and words that a person can read."""
import io

import pytest
from rich.console import Console

from platform.report.status import OrderState, StatusReport, StepState, as_text
from platform.report.status_table import tables

WORDS = ("the server took the mail and did not answer; to decide: python -m platform.cli delivery settle "
         "tenant/order/deliver --arrived|--resend|--refund --note TEXT")


def status(*, step_id: str = "deliver", module_id: str = "deliver_email") -> StatusReport:
    def step(name: str, module: str, state: str, reason: str = "", message: str = "") -> StepState:
        return StepState(
            step_id=name, module_id=module, kind="delivery", state=state, reason=reason, message=message,
            duration_s=1234.5, credits=1000, isolation="bubblewrap: all of it", cached_from="", outputs="",
            log=f"runtime/tenant/order/{name}/log.txt", upstream=())

    return StatusReport((OrderState("tenant", "order", "A calm sea", "PARTIAL", "unverified", 3000, (
        step("queries", "derive_queries", "COMPLETED"), step("pack", "package_std", "SKIPPED", "skipped_upstream"),
        step(step_id, module_id, "NEEDS_DECISION", "unverified", WORDS))),), {}, {})


def drawn(columns: int, **ids: str) -> list[str]:
    console = Console(width=columns, file=io.StringIO(), record=True)
    console.print(tables(status(**ids)))
    return console.export_text().splitlines()


def test_a_step_that_waits_for_a_decision_is_readable_in_80_columns() -> None:
    lines = [line.rstrip() for line in drawn(80)]
    head, *rows = (line for line in lines if line.startswith(("state ", "COMPLETED ", "SKIPPED ", "NEEDS_DECISION ")))
    assert len(rows) == 3
    for name, cells in (("step", ("queries", "pack", "deliver")),
                        ("module", ("derive_queries", "package_std", "deliver_email"))):
        assert [row[head.index(name):].split()[0] for row in rows] == list(cells)
    told = " ".join(" ".join(lines).split())
    assert f"unverified: {WORDS}" in told and "runtime/tenant/order/deliver" in told


@pytest.mark.parametrize("columns", [20, 40, 60, 79, 80, 81, 100, 110, 120, 200])
@pytest.mark.parametrize("ids", [{}, {"step_id": "s" * 64, "module_id": "m" * 64}], ids=["usual", "long"])
def test_no_line_is_longer_than_the_terminal_and_nothing_is_lost(columns: int, ids: dict[str, str]) -> None:
    lines = drawn(columns, **ids)
    assert max(map(len, lines)) <= columns
    together = "".join("".join(lines).split())
    assert "NEEDS_DECISION" in together or columns < 40
    if columns <= 80 or ids:  # the words stand below, in the whole width
        assert "".join(WORDS.split()) in together


def test_in_a_pipe_the_columns_of_an_order_are_as_wide_as_what_is_in_them() -> None:
    rows = as_text(status()).splitlines()[1:4]
    assert len({row.index(module) for row, module in zip(rows, ("derive_queries", "package_std", "deliver_email"),
                                                         strict=True)}) == 1
