"""The statement's page: escaped, whole without a network, and looked at with a real browser where there is one."""
import csv
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from platform.report.draw import svg
from platform.report.statement import statement
from platform.report.statement_html import as_html
from platform.report.status import OrderState, StepState
from tests.report.conftest import NAME, NOTE, TITLE
from tests.report.test_statement import RECORDS, made
from tests.support import command

CHROMIUM = shutil.which("chromium")
DOT = shutil.which("dot")
browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed; apt-get install chromium")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="module")
def page(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "statement.html"
    done = command(shop, f"python -m platform.cli statement --tenant-id tenant --html {file}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("closing balance 81 credits\n")
    return file


class Seen(HTMLParser):
    """The values of <data> elements by id or class, the tags there are, and what would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, list[int]] = {}
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.add(tag)
        self.fetched += [str(named[name]) for name in ("src", "href", "xlink:href", "action", "data") if name in named]
        if tag == "data":
            self.values.setdefault(str(named.get("id") or named.get("class")), []).append(int(str(named["value"])))

    def handle_data(self, data: str) -> None:
        self.text += data


def amounts(repo: Path) -> list[int]:
    with (repo / ".billing-state/transactions.csv").open(newline="") as file:
        return [int(row["amount_credits"]) for row in csv.DictReader(file)]


def check_numbers(seen: Seen, repo: Path) -> None:
    posted = amounts(repo)
    assert seen.values["amount"] == posted
    assert seen.values["balance-after"] == [sum(posted[:count]) for count in range(1, len(posted) + 1)]
    assert [seen.values[name] for name in ("opening", "topped-up", "charged", "refunded", "closing")] == [
        [0], [100], [31], [12], [81]]
    assert sum(seen.values["net"]) == 31 - 12


def test_its_numbers_are_the_ledgers(shop: Path, page: Path) -> None:
    check_numbers(Seen(page.read_text()), shop)


def test_it_fetches_nothing_and_runs_nothing(page: Path) -> None:
    text = page.read_text()
    seen = Seen(text)
    assert seen.fetched == ["data:,"]
    assert not seen.tags & {"script", "img", "iframe", "object", "embed", "form", "base", "a"}
    assert re.findall(r"url\(|@import|\son\w+=", re.sub(r"&lt;.*?&gt;", "", text)) == []
    assert set(re.findall(r"https?://[^\"'\s]+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_what_people_wrote_is_shown_as_they_wrote_it(page: Path) -> None:
    seen = Seen(page.read_text())
    assert all(words in seen.text for words in (NOTE, NAME, TITLE))


def test_states_are_words_not_only_colours(page: Path) -> None:
    text = Seen(page.read_text()).text
    for word in ("COMPLETED", "FAILED", "SKIPPED", "PARTIAL", "external_api_error: told to fail", "not_enough_credits"):
        assert word in text


STEPS = tuple(StepState(name, "say", "transform", state, "", "", 0.1, 5, "", "", "", "", upstream)
              for name, state, upstream in (("a", "COMPLETED", ()), ("put", "DUE", ("a",))))
ORDER = OrderState("tenant", "tea", "Tea", "DUE", "", 10, STEPS)


def test_without_graphviz_the_list_says_what_the_drawing_would() -> None:
    text = as_html(made(), [ORDER], lambda _: "")
    assert "after a" in text and "<figure class=\"drawing\"" not in text


def test_text_from_anywhere_is_escaped_in_the_page_and_in_its_drawing() -> None:
    """Tenant, title, reason, message, note: each a script."""
    script = "<script>alert(1)</script>"
    step = replace(STEPS[0], state="FAILED", reason=script, message=script)
    order = replace(ORDER, title=script, reason=script, steps=(step, replace(STEPS[1], reason=script)))
    lines = tuple(replace(line, note=script, words=script) for line in made().lines)
    text = as_html(replace(made(), tenant_name=script, lines=lines), [order], svg)
    assert "script" not in Seen(text).tags and script in Seen(text).text


def test_an_order_that_is_gone_is_named_with_what_it_delivered() -> None:
    text = Seen(as_html(made(), [], lambda _: "")).text
    assert "No longer among the enabled orders" in text and "d" * 64 in text


@pytest.mark.skipif(DOT is None, reason="Graphviz is not installed; apt-get install graphviz")
def test_a_drawing_stands_in_the_page_with_state_and_price() -> None:
    seen = Seen(as_html(made(), [ORDER], svg))
    assert "COMPLETED, 5 credits" in seen.text and {"svg", "text"} <= seen.tags


def test_an_account_without_a_post_is_a_page_too() -> None:
    seen = Seen(as_html(statement(RECORDS, "nobody"), [], lambda _: ""))
    assert "Nothing was posted in these days" in seen.text and seen.values["closing"] == [0]


def dom(file: Path, profile: Path, *flags: str) -> tuple[str, list[str]]:
    """The page's elements once a browser has read it, and what it wrote to its console."""
    done = subprocess.run([str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "--enable-logging=stderr", *flags,
                           "--dump-dom", file.as_uri()], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.mark.slow
@browser
def test_a_browser_shows_the_ledgers_numbers_and_has_nothing_to_complain_of(shop: Path, page: Path,
                                                                            tmp_path: Path) -> None:
    text, console = dom(page, tmp_path / "profile")
    assert console == []
    check_numbers(Seen(text), shop)


@pytest.mark.slow
@browser
def test_should_a_script_ever_get_in_a_browser_would_not_run_it(page: Path, tmp_path: Path) -> None:
    """The same page with a script: the policy stops it, and the console says so, which shows that we can hear it."""
    worse = tmp_path / "worse.html"
    worse.write_text(page.read_text().replace("<h1>", "<script>document.title = 'run'</script><h1>"))
    text, console = dom(worse, tmp_path / "profile")
    assert len(console) == 1 and "Content Security Policy" in console[0]
    assert "<title>run</title>" not in text


@pytest.mark.slow
@browser
def test_the_page_is_not_wider_than_a_phones_screen(page: Path, tmp_path: Path) -> None:
    """Told by the page itself in a frame of that width: a headless window is at least 500 wide."""
    frame = tmp_path / "frame.html"
    frame.write_text(f"<iframe id=f style='width:360px;height:600px' srcdoc=\"{escaped(page)}\"></iframe><script>"
                     "f.onload = () => document.title = f.contentDocument.documentElement.scrollWidth</script>")
    text, _ = dom(frame, tmp_path / "profile")
    found = re.search(r"<title>(\d+)</title>", text)
    assert found and int(found[1]) <= 360


def escaped(page: Path) -> str:
    return page.read_text().replace("&", "&amp;").replace('"', "&quot;")
