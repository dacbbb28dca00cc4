"""The progress line: its numbers can be checked by hand, and it never wraps."""
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from platform.app.run import Run
from platform.app.workspace import Workspace
from platform.console.lines import Counts
from platform.console.meter import Meter, clock, line
from platform.console.plain import Plain
from platform.console.progress import Live
from platform.console.reporter import Reporter
from tests.support import repository
from tests.terminal import Terminal

NAMES = tuple(f"nxlkGI/UbjkpxZO/step_{number}" for number in range(4))


def test_what_is_left_is_told_from_what_has_ended():
    """10 of 40 steps took 20 s: the other 30 take 60 s."""
    assert Meter(due=40, done=10, elapsed_s=20.0).left_s == 60.0


@pytest.mark.parametrize("meter", [Meter(due=40, done=0, elapsed_s=20.0), Meter(due=40, done=40, elapsed_s=20.0)])
def test_before_the_first_and_after_the_last_nobody_can_tell(meter: Meter):
    assert meter.left_s is None and "left" not in line(meter, 200)


def test_with_room_there_is_everything():
    meter = Meter(40, 10, NAMES[:2], spent_credits=200, refunded_credits=12, elapsed_s=20.0)
    assert line(meter, 140) == ("[====............] 10/40 steps  nxlkGI/UbjkpxZO/step_0, nxlkGI/UbjkpxZO/step_1  "
                                "200 charged, 12 refunded  1:00 left")


@pytest.mark.parametrize(("width", "shown"), [
    (60, "10/40 steps  ..GI/UbjkpxZO/step_0 +1  200 charged  1:00 left"),
    (40, "10/40 steps  200 charged  1:00 left"),
    (25, "10/40 steps  1:00 left"),
    (12, "10/40 steps"),
    (5, "10/40"),
])
def test_what_does_not_fit_gives_way_the_count_last(width: int, shown: str):
    assert line(Meter(40, 10, NAMES[:2], spent_credits=200, elapsed_s=20.0), width) == shown


def test_it_is_never_wider_than_its_terminal():
    longest = "t" * 6 + "/" + "o" * 64 + "/" + "s" * 32
    meter = Meter(100_000, 99_999, (longest, *NAMES), 10**9, 10**9, 359_999.0)
    assert [width for width in range(1, 200) if len(line(meter, width)) > width] == []


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "0:00"), (59.6, "1:00"), (727, "12:07"), (3723, "1:02:03")])
def test_a_clock_is_read_as_one(seconds: float, shown: str):
    assert clock(seconds) == shown


ORDER = "work_order_id: tea\nsteps:\n" + "".join(
    f"  - {{step_id: cup{cup}, module_id: say, kind: transform, inputs: {{text: cup {cup}}}}}\n" for cup in range(6))
HELD = "  - {step_id: held, module_id: hold, kind: transform, inputs: {gate: {asset: gate.txt}}}\n"


def run_at(root: Path) -> Run:
    return Run(Workspace.open(repository(root / "repo")))


def screen(seen: str) -> list[str]:
    """All lines that ever were on the terminal."""
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen))


@pytest.mark.slow
def test_only_what_is_due_counts(tmp_path: Path):
    """Six steps run; then one more is added, and the second run has one step due: not seven."""
    repo = repository(tmp_path / "repo")
    tenant = repo / "tenants/tenant"
    (tenant / "workorders").mkdir()
    (tenant / "assets").mkdir()
    (tenant / "assets/gate.txt").write_text("wait")
    order = tenant / "workorders/tea.yml"
    order.write_text(ORDER)
    first = Terminal(repo, ["doit", "run"], columns=60)
    assert first.end() == 0, first.seen
    assert {row.split()[0] for row in screen(first.seen) if "/6 steps" in row} <= {f"{done}/6" for done in range(7)}
    order.write_text(ORDER + HELD)
    second = Terminal(repo, ["doit", "run"], columns=60)
    second.until("0/1 step  tenant/tea/held  5 charged")
    second.interrupt()
    assert second.end() == 130
    assert not any("/7 steps" in row for row in screen(second.seen))
    assert max(len(row) for row in screen(second.seen) if " step  " in row) < 60
    assert "\x1b[?25h" in second.seen  # the cursor is shown again


def test_whoever_turns_out_not_to_run_leaves_the_count(tmp_path: Path):
    """Three are at it: one ran, one is refused for want of credits, one still runs."""
    live = Live(run_at(tmp_path), StringIO())
    for name in ("step:t/o/ran", "step:t/o/refused", "step:t/o/runs"):
        live.running(name)
    live.done("step:t/o/ran")
    live.not_due("step:t/o/refused")
    live.moved(Counts(spent_credits=10, refunded_credits=5))
    assert replace(live.meter(), elapsed_s=0.0) == Meter(2, 1, ("t/o/runs",), 10, 5)


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Screen(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "dumb")
    run = run_at(tmp_path)
    assert type(Reporter(run, Screen())._progress) is Plain
    monkeypatch.setenv("TERM", "xterm")
    assert type(Reporter(run, Screen())._progress) is Live
