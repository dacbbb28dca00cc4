"""Whoever reads what is printed, and in whatever encoding: what is done and the exit status are the same."""
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from platform.streams import neutral, neutral_json
from tests.support import BOOT, LONGEST_WAIT_S, ROOT, TEA, command, repository, rows, started

ORDER = TEA.replace("artifacts_requested", "metadata: {title: 日本のお茶 ☕}\nartifacts_requested", 1)
POOR = {"ascii": {"PYTHONIOENCODING": "ascii"}, "latin-1": {"PYTHONIOENCODING": "latin-1:strict"},
        "C": {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}}
SINKS = ("| head -1", "> /dev/full", ">&-", "> /dev/full 2>&1", "2> /dev/full", ">&- 2>&-", "| true")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    orders = made / "tenants" / "tenant" / "workorders"
    orders.mkdir()
    (orders / "tea.yml").write_text(ORDER, encoding="utf-8")
    (orders / "wrong.yml").write_text("work_order_id: wrong\nsteps: 間違い\n", encoding="utf-8")
    return made


def posts(repo: Path) -> list[tuple[str, str]]:
    return [(row["type"], row["amount_credits"]) for row in rows(repo / ".billing-state" / "transactions.csv")
            if row["amount_credits"] != "0"]


@pytest.mark.slow
@pytest.mark.parametrize("poor", POOR)
def test_what_the_terminal_cannot_encode_is_escaped(repo: Path, poor: str) -> None:
    done = started(repo, "doit run", **POOR[poor])
    assert done.returncode == 10 and "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert "\\u9593\\u9055\\u3044" in done.stdout and "COMPLETED    tenant/tea" in done.stdout
    assert posts(repo) == [("TOPUP", "100"), ("SPEND", "-14")]
    for line in ("status", "quote", "statement --tenant-id tenant", "graph", "consistency-validate"):
        looked = started(repo, f"python -m platform.cli {line}", **POOR[poor])
        assert looked.returncode in (0, 10) and "Traceback" not in looked.stderr, looked.stderr
    assert "\\u65e5\\u672c" in started(repo, "python -m platform.cli status", **POOR[poor]).stdout


@pytest.mark.slow
@pytest.mark.parametrize("sink", SINKS)
def test_a_stream_that_takes_nothing_changes_nothing(repo: Path, sink: str) -> None:
    doit = Path(sys.executable).with_name("doit")
    shell = ["bash", "-c", f'"$@" {sink}; exit ${{PIPESTATUS[0]}}', "bash"]
    done = subprocess.run([*shell, doit, "run"], cwd=repo, capture_output=True, check=False)
    assert done.returncode == 10 and b"Traceback" not in done.stderr
    assert posts(repo) == [("TOPUP", "100"), ("SPEND", "-14")]
    for words, status in (("status", 0), ("consistency-validate", 10), ("status --no-such", 2)):
        run = [sys.executable, "-c", BOOT, *words.split()]
        done = subprocess.run([*shell, *run], cwd=repo, capture_output=True, check=False)
        assert done.returncode == status and b"Traceback" not in done.stderr, done.stderr
    for words in ("list --all", "info step:tenant/tea/one"):
        done = subprocess.run([*shell, doit, *words.split()], cwd=repo, capture_output=True, check=False)
        assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr


def test_a_terminal_that_is_closed_changes_nothing(repo: Path) -> None:
    master, slave = pty.openpty()
    run = subprocess.Popen([Path(sys.executable).with_name("doit"), "run"], cwd=repo, stdin=subprocess.DEVNULL,
                           stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm"}, start_new_session=True)
    os.close(slave)
    os.close(master)  # from now on a write is EIO
    assert run.wait(timeout=LONGEST_WAIT_S) == 10 and posts(repo) == [("TOPUP", "100"), ("SPEND", "-14")]


@pytest.mark.parametrize("text", ["##[error]x", "a ##[group]b", "::error::x", "  ::error::x", "a::error::b", ":::x",
                                  "#" * 9 + "[", "\x1b]0;x\x07", "a\rb", "\u202e::x", "a\x85::x", "a\u2028::x"])
def test_neutral_text_holds_no_command_and_moves_no_cursor(text: str) -> None:
    told = neutral(text)
    assert "::" not in told and "##[" not in told and told.isprintable() and neutral(told) == told


@pytest.mark.parametrize("parts", [
    ("##", "[error]x"), ("#", "#", "[error]x"), ("#", "#[error]x"), ("###", "[", "x"), ("a", ":", ":", "error::x"),
    (":", ":error", ":", ":x"), ("#", "", "#", "", "[x"), ("##\n", "[x"), tuple("a ##[error]b ::c::###[d")])
def test_no_command_is_put_together_of_several_writes(parts: tuple[str, ...]) -> None:
    code = ("import sys, _platform_boot; from platform import streams; streams.guard(); "
            f"[sys.stdout.write(part) for part in {parts!r}]")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "GITHUB_ACTIONS": "true"},
                          capture_output=True, text=True, check=True)
    assert "::" not in done.stdout and "##[" not in done.stdout and done.stderr == ""
    assert done.stdout.replace(" ", "") == "".join(parts).replace(" ", "")


def test_in_actions_json_says_the_same_without_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"a::b": ["##[x]", ":::", "###[["]}
    assert neutral_json(json.dumps(value)) == json.dumps(value)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    told = neutral_json(json.dumps(value))
    assert json.loads(told) == value and neutral(told) == told


@pytest.mark.slow
def test_no_text_of_others_is_a_command_in_actions(repo: Path) -> None:
    """A module prints and says commands, and names its files like some; a title and an id are some."""
    shouts = repo / "modules" / "say" / "src" / "run.py"
    told = "x ##[error]no ::stop-commands::y\\r::error::z \\x1b]0;t\\x07 %0A::error::w \\u202e"
    shouts.write_text(f"def run(params, outputs_dir):\n    print('{told}')\n    print('::add-mask::tea')\n"
                      f"    open(outputs_dir + '/##[x]::y', 'w')\n    return {{'status': 'COMPLETED'}}\n")
    (repo / "tenants/tenant/workorders/##[error]x.yml").write_text('"::error::x": "##[group]"\n')
    (repo / "tenants/tenant/workorders/loud.yml").write_text(
        "work_order_id: loud\nmetadata: {title: 'x ##[error]y ::error::z'}\nsteps:\n"
        "  - {step_id: one, module_id: say, kind: transform, inputs: {text: x}}\n")
    (repo / "tenants/tenant/workorders/wrong.yml").unlink()
    done = command(repo, "doit run", GITHUB_ACTIONS="true")
    ours = [line for line in done.stdout.splitlines() if line.startswith("::error file=")]
    assert done.returncode == 10 and ours, done.stdout
    lines = [*(line for line in (done.stdout + done.stderr).splitlines() if line not in ours)]
    for words in ("status", "status --json", "log step:tenant/tea/one", "log step:x/y/##[z]", "quote --json",
                  "statement --tenant-id tenant", "graph", "why workorder:tenant/loud"):
        looked = command(repo, f"python -m platform.cli {words}", GITHUB_ACTIONS="true")
        lines += (looked.stdout + looked.stderr).splitlines()
    assert lines and not [line for line in lines if "::" in line or "##[" in line]
    assert not [line for line in [*lines, *ours] if not line.replace("\t", " ").isprintable()]
    assert "##[" not in "".join(ours)


def test_ctrl_c_while_the_graph_is_being_read_is_one_line(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    dodo = repo / "dodo.py"
    dodo.write_text("import os\nimport signal\n\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
                    "os.kill(os.getpid(), signal.SIGINT)\n" + dodo.read_text())
    done = subprocess.run([Path(sys.executable).parent / "doit", "run"], cwd=repo, capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (
        130, "interrupted: finished steps are kept; run the same command again to continue\n")
