"""The morning's questions: what failed last night and why, also after a rerun has begun."""
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from tests import support

LAST_NIGHT = datetime.now(UTC).replace(hour=2, minute=0, second=0, microsecond=0) - timedelta(days=1)
ORDER = """work_order_id: tea
steps:
  - {step_id: one, module_id: say, kind: transform, deliverables: [said], inputs: {text: tea, fail: external_api_error}}
  - {step_id: two, module_id: say, kind: transform, inputs: {text: milk, after: {from_step: one, output_id: said}}}
  - {step_id: beside, module_id: say, kind: transform, inputs: {text: sugar}}
"""


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Last night's run failed. This morning the operator mended the order and ran it again."""
    repo = support.repository(tmp_path_factory.mktemp("night") / "repo")
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.parent.mkdir()
    order.write_text(ORDER)
    with time_machine.travel(LAST_NIGHT):
        assert support.command(repo, "doit run").returncode == 1
    order.write_text(ORDER.replace(", fail: external_api_error", ""))
    assert support.command(repo, "doit run").returncode == 0
    return repo


def _cli(repo: Path, words: str, status: int = 0) -> str:
    done = support.command(repo, f"python -m platform.cli {words}")
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def _night(repo: Path) -> str:
    return str(json.loads(_cli(repo, "runs --failed --since yesterday --json"))["runs"][0]["invocation_id"])


def test_the_list_names_the_run_that_failed(repo: Path) -> None:
    head, failed = _cli(repo, "runs --failed --since yesterday").splitlines()
    assert head.split() == ["RUN", "BEGAN", "(UTC)", "TIME", "STATE", "OK", "FAILED", "WAITING", "CHARGED", "REFUNDED",
                            "COMMAND"]
    cells = failed.split()
    assert cells[1:3] == [str(LAST_NIGHT.date()), "02:00:00"]
    assert cells[5:] == ["FAILED", "1", "1", "-", "17", "12", "doit", "run"]
    assert len(_cli(repo, "runs").splitlines()) == 3 and _cli(repo, "runs --failed --since today") == "no such run\n"


def test_the_run_says_what_failed_first_and_where_its_log_is(repo: Path) -> None:
    night = _night(repo)
    text = _cli(repo, f"runs show {night[:4]}")
    assert f"FAILED  run {night}" in text
    assert "failed first: step:tenant/tea/one  external_api_error: told to fail" in text
    [failed] = [line for line in text.splitlines() if line.startswith("FAILED     step:tenant/tea/one")]
    log = repo / failed.rpartition("log ")[2]
    assert log.read_text() == "the last words of a step that fails\n"
    skipped = next(line for line in text.splitlines() if line.startswith("SKIPPED"))
    assert "step:tenant/tea/two" in skipped and "step one did not complete" in skipped


def test_the_log_of_the_past_run_is_still_there(repo: Path) -> None:
    assert "COMPLETED tenant/tea/one" in _cli(repo, "log step:tenant/tea/one")
    past = _cli(repo, f"log tenant/tea/one --run {_night(repo)}")
    words, ending, of = past.splitlines()
    assert words == "the last words of a step that fails"
    assert ending.startswith("FAILED tenant/tea/one  external_api_error: told to fail")
    assert of.startswith(f"of run {_night(repo)}, {LAST_NIGHT.date()}T02:00:0")


def test_json_has_the_same_facts(repo: Path) -> None:
    shown = json.loads(_cli(repo, f"runs show {_night(repo)} --json"))
    assert (shown["state"], shown["exit_status"], shown["completed"], shown["failed"], shown["skipped"]) == (
        "FAILED", 1, 1, 1, 1)
    one = next(task for task in shown["tasks"] if task["task"] == "step:tenant/tea/one")
    assert (one["state"], one["reason"], one["price_credits"]) == ("FAILED", "external_api_error", 7)
    assert json.loads((repo / one["record"]).read_bytes())["reason"] == "external_api_error"


def test_a_tenant_s_runs(repo: Path) -> None:
    assert len(_cli(repo, "runs --tenant-id tenant").splitlines()) == 3
    assert "tenanx: no such tenant" in _cli(repo, "runs --tenant-id tenanx", 2)


@pytest.mark.parametrize("words, says", [
    ("runs show", "runs show: names no run; name one: `runs show RUN`"),
    ("runs sho last", "did you mean `show`?"),
    ("runs show zzzzzzzz", "no run is called 'zzzzzzzz'"),
    ("runs show ''", "no run is called ''"),
    ("runs --since last-night", "--since 'last-night' is not a time; write today, yesterday, 2h, 3d, 1w"),
    ("runs --since 999999w", "is not a time"),
    ("runs --limit 0", "invalid positive integer value: '0'"),
    ("log step:tenant/tea/one --run nope", "no run is called 'nope'"),
    ("log step:tenant/tea/three --run last", "did not run step tenant/tea/three"),
])
def test_a_mistake_is_one_line(repo: Path, words: str, says: str) -> None:
    text = _cli(repo, words, 2)
    assert says in text and text.count("\n") == 1


@pytest.mark.parametrize("text, hours", [("2h", 2), ("3d", 72), ("1w", 168), ("90m", 1.5)])
def test_ago(text: str, hours: float) -> None:
    from platform.model.since import moment

    now = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    assert now - moment(text, now) == timedelta(hours=hours)


@pytest.mark.parametrize("text, at", [
    ("today", "2026-11-28T00:00:00+00:00"), ("yesterday", "2026-11-27T00:00:00+00:00"),
    ("2026-11-20", "2026-11-20T00:00:00+00:00"), ("2026-11-20T10:00", "2026-11-20T10:00:00+00:00"),
    ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00+00:00"),
])
def test_a_moment_is_utc(text: str, at: str) -> None:
    from platform.model.since import moment

    now = datetime.fromisoformat("2026-11-28T01:30:00+05:00").replace(day=28, hour=9, tzinfo=UTC)
    assert moment(text, now).isoformat() == at
