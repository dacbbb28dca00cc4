"""The report of a run: one file, escaped, the same facts as the history, and looked at with a real browser."""
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from platform.model.history import Attempt
from platform.model.utc import utc_text_ms
from platform.report.timeline import MOST_ROWS, WIDTH, timeline
from tests import support
from tests.report.test_statement_page import CHROMIUM, FLAGS, Seen, browser

TITLE = "Tea <script>alert('t')</script> & <img src=x onerror=alert(1)>"
MARK = "<script>alert('log')</script>\x1b[2J"


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in which one order was delivered, and another failed with markup in its log and message."""
    repo = support.repository(tmp_path_factory.mktemp("report") / "repo")
    run = repo / "modules" / "say" / "src" / "run.py"
    run.write_text(run.read_text().replace('print("the last words of a step that fails")', f"print({MARK!r})")
                   .replace('"told to fail"', '"told to <b>fail</b>"'))
    orders = repo / "tenants" / "tenant" / "workorders"
    orders.mkdir()
    (orders / "tea.yml").write_text(support.TEA + f"metadata: {{title: {json.dumps(TITLE)}}}\n")
    (orders / "bad.yml").write_text("work_order_id: bad\nsteps:\n  - {step_id: one, module_id: say, kind: transform, "
                                    "inputs: {text: x, fail: external_api_error}}\n")
    assert support.command(repo, "doit run -n 2").returncode == 1
    return repo


@pytest.fixture(scope="module")
def page(repo: Path) -> Path:
    file = repo.parent / "run.html"
    done = support.command(repo, f"python -m platform.cli runs show last --html {file}")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(f"{file}: the report of run ")
    return file


def test_the_page_has_the_facts_of_the_history(repo: Path, page: Path) -> None:
    seen = Seen(page.read_text())
    shown = json.loads(support.command(repo, "python -m platform.cli runs show last --json").stdout)
    for words in (shown["invocation_id"], "FAILED", "tenant/bad/one", "external_api_error", "19", "doit run -n 2"):
        assert words in seen.text
    assert all(task["task"] in seen.text for task in shown["tasks"])
    first = seen.text.partition("What failed first")[2].partition("Timeline")[0]
    assert "tenant/bad/one" in first and "alert('log')" in first and "What else" not in first


def test_nothing_of_a_tenant_is_markup_and_nothing_is_fetched(page: Path) -> None:
    text = page.read_text()
    seen = Seen(text)
    assert not {"script", "img", "b", "iframe", "form"} & seen.tags
    assert TITLE in seen.text and "told to <b>fail</b>" in seen.text and "\x1b" not in text
    assert [one for one in seen.fetched if not one.startswith(("data:", "file:///"))] == []
    assert "default-src 'none'" in text


def test_a_delivery_is_a_link_to_its_file(repo: Path, page: Path) -> None:
    [link] = [one for one in Seen(page.read_text()).fetched if one.startswith("file:///")]
    assert Path(link.removeprefix("file://")).is_relative_to(repo / "deliveries")
    assert Path(link.removeprefix("file://")).is_file()


@pytest.mark.parametrize("remote, link", [
    ("https://files.example/p.zip", True), ("javascript:alert(1)", False), ("../../etc/passwd", False),
    ("/etc/passwd", False), ("http://files.example/p.zip", False), ("missing.zip", False), ("", False),
])
def test_only_an_address_or_a_delivered_file_is_a_link(repo: Path, remote: str, link: bool) -> None:
    from platform.app.run import Run
    from platform.app.run_report import link_of
    from platform.app.workspace import Workspace
    from platform.report.evidence import shown_evidence

    evidence = shown_evidence({"provider": "folder", "remote_path": remote})
    found = link_of(Run.looking(Workspace.open(repo)), evidence)
    assert found == (remote if link else "")


def _attempts(count: int, workers: int) -> list[Attempt]:
    start = datetime(2026, 11, 28, 2, tzinfo=UTC)
    return [Attempt(task=f"step:tenant/tea/s{at}", state="COMPLETED", worker=at % workers + 1,
                    began_at=utc_text_ms(start + timedelta(seconds=at)),
                    ended_at=utc_text_ms(start + timedelta(seconds=at + 1))) for at in range(count)]


@pytest.mark.parametrize("count, rows", [(1, 1), (MOST_ROWS, MOST_ROWS), (MOST_ROWS + 1, 4), (1200, 4)])
def test_a_bar_for_each_step_in_the_picture(count: int, rows: int) -> None:
    drawn = timeline(_attempts(count, 4), "2026-11-28T02:00:00.000Z", "")
    assert drawn is not None
    bars = [bar for lane in drawn.lanes for row in lane.rows for bar in row.bars]
    assert (len(bars), sum(len(lane.rows) for lane in drawn.lanes)) == (count, rows)
    assert all(bar.x >= 0 and bar.width > 0 and bar.x + bar.width <= WIDTH + 0.2 for bar in bars)


def test_a_run_without_steps_has_a_page(tmp_path: Path) -> None:
    repo = support.repository(tmp_path / "repo")  # in the other tests' repository it would be the last run
    assert timeline([], "2026-11-28T02:00:00.000Z", "") is None
    assert support.command(repo, "doit run check").returncode == 0
    file = tmp_path / "empty.html"
    assert support.command(repo, f"python -m platform.cli runs show last --html {file}").returncode == 0
    assert "No step ran." in Seen(file.read_text()).text


@browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 400])
def test_a_browser_shows_it_without_a_scroll_bar_to_the_right(page: Path, tmp_path: Path, width: int) -> None:
    probe = tmp_path / "probe.html"
    text = re.sub(r"<meta http-equiv=[^>]*>", "", page.read_text())
    probe.write_text(text.replace("</body>", "<script>document.title = document.documentElement.scrollWidth"
                                  "</script></body>"))
    frame = tmp_path / "frame.html"
    frame.write_text(f'<iframe id="f" style="width:{width}px;height:600px;border:0" src="{probe.as_uri()}"></iframe>'
                     '<p id="w"></p><script>f.onload = () => { w.textContent = f.contentDocument.title }</script>')
    done = subprocess.run([str(CHROMIUM), *FLAGS, "--allow-file-access-from-files", "--virtual-time-budget=5000",
                           "--dump-dom", frame.as_uri()], capture_output=True, text=True, check=True,
                          timeout=support.LONGEST_WAIT_S)
    found = re.search(r'<p id="w">(\d+)</p>', done.stdout)
    assert found and int(found[1]) <= width, done.stdout[-300:]
