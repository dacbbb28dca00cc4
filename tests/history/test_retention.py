"""How much history is kept, and what a list costs."""
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from platform import confined
from platform.app.past_runs import PastRuns
from platform.history.prune import expired
from platform.history.writer import Writer
from platform.model.history import Attempt, Invocation, Tally
from platform.model.invocation import ALPHABET
from platform.model.profile import Retention
from platform.model.utc import utc_text_ms
from tests import support

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize("days, keep_days, keep_runs, gone", [
    (["2026-11-28", "2026-10-29", "2026-10-28"], 30, 5000, ["2026-10-28"]),
    (["2026-11-28", "2026-11-27", "2026-11-26"], 30, 20, ["2026-11-26"]),
    (["2026-11-28", "2026-11-27"], 30, 10, ["2026-11-27"]),
    (["2026-01-01"], 30, 5000, []),  # the newest remains, however old it is
    (["2031-01-01", "2026-11-28", "2026-01-01"], 30, 5000, ["2026-01-01"]),  # a clock was wrong
    ([], 1, 1, []),
])
def test_whole_days_expire(days: Sequence[str], keep_days: int, keep_runs: int, gone: list[str]) -> None:
    assert expired(days, lambda day: 10, TODAY, Retention(keep_days, keep_runs)) == gone


def _days(runs: Path) -> list[str]:
    return sorted((folder.name for folder in runs.iterdir()), reverse=True)


def _fill(runtime: Path, count: int, since: datetime, apart: timedelta) -> None:
    """Invocations as runs leave them, each with two steps."""
    for number in range(count):
        at = utc_text_ms(since + number * apart)
        name = "".join(ALPHABET[number // 29**power % 29] for power in range(7, -1, -1))
        writer = Writer(runtime, name, at[:10])
        begun = Invocation(id=name, began_at=at, command="python -m platform.cli orchestrator --scheduled -n 4")
        writer.began(begun)
        for step in ("one", "two"):
            writer.task(Attempt(task=f"step:tenant/tea/{step}", state="COMPLETED", began_at=at, ended_at=at))
        writer.ended(Invocation(id=name, began_at=at, ended_at=at, exit_status=number % 2, duration_s=1.5,
                                command=begun.command, tenants={"tenant": Tally(2, number % 2)}))
        writer.close()


def test_4000_runs_are_listed_from_one_file_a_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC).replace(hour=23, minute=59)
    _fill(tmp_path, 4000, now - timedelta(minutes=4000 * 10), timedelta(minutes=10))
    opened: list[str] = []
    plain = confined.read_file
    monkeypatch.setattr(confined, "read_file", lambda path, limit: opened.append(path.name) or plain(path, limit))
    runs = list(PastRuns(tmp_path).since())
    assert len(runs) == 4000 and sum(run.failed for run in runs) == 2000
    assert set(opened) == {"index.jsonl"} and len(opened) == len(_days(tmp_path / ".runs")) <= 29
    opened.clear()
    assert len(list(PastRuns(tmp_path).since(utc_text_ms(now - timedelta(days=1))))) == 144
    assert len(opened) == 2


def test_the_first_run_of_a_day_removes_what_is_over(tmp_path: Path) -> None:
    repo = support.delivered(tmp_path / "repo")
    runs = repo / "runtime" / ".runs"
    [today] = runs.iterdir()
    profile = repo / "config" / "runtime_profile.yml"
    profile.write_text(profile.read_text() + "history: {keep_days: 7, keep_runs: 100}\n")
    for days in (1, 6, 8, 40):
        day = (datetime.now(UTC).date() - timedelta(days=days)).isoformat()
        shutil.copytree(today, runs / day)
    assert support.command(repo, "doit run").returncode == 0
    assert len(_days(runs)) == 5  # not the first of its day: it looks at nothing
    shutil.rmtree(today)
    assert support.command(repo, "doit run").returncode == 0
    assert _days(runs) == [
        (datetime.now(UTC).date() - timedelta(days=days)).isoformat() for days in (0, 1, 6)]


@pytest.mark.parametrize("wrong", ["{keep_days: 0}", "{keep_runs: many}", "{keep_for: 3d}"])
def test_a_wrong_retention_is_a_problem(tmp_path: Path, wrong: str) -> None:
    repo = support.repository(tmp_path / "repo")
    profile = repo / "config" / "runtime_profile.yml"
    profile.write_text(profile.read_text() + f"history: {wrong}\n")
    done = support.command(repo, "doit run")
    assert done.returncode == 10 and "config/runtime_profile.yml" in done.stdout + done.stderr


def test_a_secret_is_in_no_line(tmp_path: Path) -> None:
    """A command line may hold one, and so may the message of an error."""
    repo = support.delivered(tmp_path / "repo")
    secret = "hunter2-hunter2-hunter2"
    done = support.command(repo, f"doit run -o {secret}.txt", SMTP_PASSWORD=secret)
    assert done.returncode == 0, done.stdout + done.stderr
    newest = next(PastRuns(repo / "runtime").since()).invocation
    assert newest.command == "doit run -o '[secret].txt'"
    assert not [file for file in (repo / "runtime" / ".runs").rglob("*.jsonl") if secret in file.read_text()]
    assert json.loads(support.command(repo, "python -m platform.cli runs --json").stdout)["runs"]
