"""Orders drawn: each format says state and price, and no name can break out of it."""
import re
import shutil
from html import unescape
from pathlib import Path

import pytest

from platform.report import draw, graph
from platform.report.status import OrderState, StepState
from tests.report.conftest import TITLE
from tests.support import command

DOT = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed; apt-get install graphviz")
NASTY = '"]; x --> y & <b> #quot; `end` \\N %%{i}%% $$ * | "'


def step(name: str, *upstream: str, state: str = "DUE", price: int = 5, reason: str = "") -> StepState:
    return StepState(name, "say", "transform", state, reason, "", 0.0, price, "", "", "", "", upstream)


def order(*steps: StepState, title: str = "") -> OrderState:
    return OrderState("tenant", "tea", title, "DUE", "", sum(step.credits for step in steps), steps)


SMALL = order(step("a", state="COMPLETED", price=7), step("b", "a", state="FAILED", reason="timed_out"),
              step("-end", "a", "b", price=1))


def test_in_text_each_step_stands_below_those_it_waits_for():
    assert graph.text([SMALL], {}).splitlines() == [
        "DUE        tenant/tea  13 credits",
        "  1  COMPLETED  a     say    7 credits",
        "  2  FAILED     b     say    5 credits  after a  (timed_out)",
        "  3  DUE        -end  say     1 credit  after a, b"]


def test_in_text_a_thousand_steps_are_a_thousand_short_lines():
    names = [f"s{number}" for number in range(1000)]
    steps = [step(name, *names[:number]) for number, name in enumerate(names)]
    lines = graph.text([order(*steps)], {}).splitlines()
    assert len(lines) == 1001 and max(map(len, lines)) < 120
    assert lines[-1].endswith("s999  say    5 credits  after s0, s1, s2, s3 and 995 more")


def test_in_mermaid_there_is_a_node_a_step_and_an_arrow_a_wait():
    lines = [line.strip() for line in graph.mermaid([SMALL], {}).splitlines()]
    assert lines[:8] == [
        "flowchart TD", 'subgraph o0["tenant/tea, DUE, 13 credits"]',
        'o0s0["a<br>say<br>COMPLETED, 7 credits"]:::completed',
        'o0s1["b<br>say<br>FAILED timed_out, 5 credits"]:::failed', 'o0s2["-end<br>say<br>DUE, 1 credit"]:::due',
        "o0s0 --> o0s1", "o0s0 --> o0s2", "o0s1 --> o0s2"]


def test_in_mermaid_no_title_ends_its_label():
    line = graph.mermaid([order(step("a"), title=NASTY)], {}).splitlines()[1]
    label = re.fullmatch(r'  subgraph o0\["([^"]*)"\]', line)
    assert label and not set("<>[]{}`#%$@\\") & set(label[1])
    assert unescape(label[1]).endswith(NASTY)


def test_in_dot_quotes_and_backslashes_are_text():
    digraph = graph.dot([order(step("a"), title=NASTY)], {})
    assert r'label="tenant/tea, DUE, 5 credits\n\"]; x --> y &amp; <b> #quot; `end` \\N %%{i}%% $$ * | \"";' in digraph


@DOT
def test_graphviz_draws_what_was_written_and_nothing_else():
    drawing = draw.svg(graph.dot([order(step("a"), step("b", "a"), title=NASTY)], {"tenant/bad": ()}))
    texts = re.findall(r"<text[^>]*>(.*?)</text>", drawing)
    assert NASTY in map(unescape, texts)
    assert texts.count("DUE, 5 credits") == 2 and "tenant/bad" in texts
    assert drawing.count('class="edge"') == 1 and drawing.startswith("<svg") and "<b>" not in drawing


def test_a_drawing_that_takes_too_long_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    slow = tmp_path / "dot"
    slow.write_text("#!/bin/sh\nexec sleep 100\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert draw.svg("digraph {}", timeout_s=0.1) == ""


def test_no_title_reaches_a_terminal_as_an_escape_sequence():
    assert "\x1b" not in graph.text([order(step("a"), title="\x1b[2J\nsecond")], {})


@pytest.mark.parametrize(("asked", "names"), [
    ("", {"dear", "fails", "pack"}), ("tenant", {"dear", "fails", "pack"}), ("tenant/pack", {"pack"})])
def test_all_orders_a_tenants_or_one(shop: Path, asked: str, names: set[str]):
    done = command(shop, f"python -m platform.cli graph {asked}")
    assert set(re.findall(r"tenant/(\w+)", done.stdout)) == names, done.stdout + done.stderr


def test_states_and_prices_are_those_of_the_run(shop: Path):
    done = command(shop, "python -m platform.cli graph tenant/fails --format dot")
    assert re.findall(r'label="(\w+)\\nsay\\n([^"]*)"', done.stdout) == [
        ("one", "FAILED external_api_error, 7 credits"), ("two", "SKIPPED skipped_upstream, 5 credits"),
        ("end", "COMPLETED, 5 credits")]
    assert TITLE.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") in done.stdout


@pytest.mark.parametrize(("asked", "words"), [
    ("tenant/pak", "tenant/pak: no such work order; did you mean `pack`?"),
    ("nobody", "nobody: no such tenant"), ("a/b/c", "a: no such tenant"), ("tenant/pack/pt", "did you mean `put`?")])
def test_what_is_not_there_is_one_line(shop: Path, asked: str, words: str):
    done = command(shop, f"python -m platform.cli graph {asked}")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert words in done.stderr


def test_without_graphviz_svg_is_refused_with_what_to_do(shop: Path, tmp_path: Path):
    done = command(shop, "python -m platform.cli graph --format svg", PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("--format svg needs Graphviz; install graphviz, or use --format "
                           "mermaid, dot or text\n")


@DOT
def test_svg_is_a_document_of_its_own(shop: Path):
    done = command(shop, "python -m platform.cli graph tenant/pack --format svg")
    assert (done.returncode, done.stdout[:4], done.stdout.rstrip()[-6:]) == (0, "<svg", "</svg>")
