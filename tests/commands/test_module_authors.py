"""A module's author: what `verify-module` and `run-module` print, what they write, and what they refuse."""
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import BOOT, LONGEST_WAIT_S, command, repository, until

CLI = "python -m platform.cli"
CONTRACT = """\
module_id: ferry
name: Ferry
version: "1.0"
kind: transform
description: Writes a ticket.
ports:
  inputs:
    port:
      - {id: town, type: string, required: true, schema: {minLength: 1, maxLength: 20}}
      - {id: seats, type: integer, default: 1, schema: {minimum: 1}}
      - {id: stops, type: array, schema: {items: {type: string}}}
      - {id: table, type: file}
      - {id: photos, type: dir}
  outputs:
    port:
      - {id: ticket, type: file, path: ticket.txt}
      - {id: map, type: file, path: map.txt}
testing:
  self_test: {params: {town: Kiel}, expect: {files: [ticket.txt]}}
"""
CODE = """\
from pathlib import Path


def run(params, outputs_dir):
    print("to", params["town"], params["seats"], params.get("stops"))
    for name in ("table", "photos"):
        if name in params:
            path = Path(params[name]["path"])
            print(name, path.name, sorted(p.name for p in path.iterdir()) if path.is_dir() else path.read_text())
    (Path(outputs_dir) / "ticket.txt").write_text(params["town"])
    return {"status": "COMPLETED"}
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = repository(tmp_path / "repo")
    (repo / "modules/ferry/src").mkdir(parents=True)
    (repo / "modules/ferry/module.yml").write_text(CONTRACT)
    write(repo, CODE)
    prices = repo / "config/module_prices.csv"
    prices.write_text(prices.read_text() + "ferry,__run__,5,2020-01-01,,true,\n")
    return repo


def write(repo: Path, code: str) -> None:
    (repo / "modules/ferry/src/run.py").write_text(code)


def call(repo: Path, line: str, **environment: str) -> tuple[int, str, str]:
    done = command(repo, f"{CLI} {line}", **environment)
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, re.sub(r"\d+\.\d\d s", "0.00 s", done.stdout), done.stderr


# verify-module

def test_a_passed_self_test_shows_files_duration_and_output(repo: Path) -> None:
    assert call(repo, "verify-module --module-id ferry") == (
        0, "passed  ferry  0.00 s\n  ticket  ticket.txt  4 bytes\n  | to Kiel 1 None\n", "")
    told = json.loads(command(repo, f"{CLI} verify-module ferry --json").stdout)["modules"][0]
    assert (told["files"], told["log"]) == ([{"output_id": "ticket", "path": "ticket.txt", "type": "file", "bytes": 4}],
                                            "to Kiel 1 None\n")
    assert told["duration_s"] > 0


@pytest.mark.parametrize(("code", "problem", "frame"), [
    (CODE.replace('params["town"], params', 'params["twon"], params'), "module_crashed: KeyError: 'twon'",
     'modules/ferry/src/run.py:5: in run: print("to", params["twon"], params["seats"], params.get("stops"))'),
    ("def run(params, outputs_dir):\n    return (\n", "module_crashed: SyntaxError: '(' was never closed",
     "modules/ferry/src/run.py:2: return ("),
    # the deepest frame of the author's, not that of the library that raised
    ("import json\n\n\ndef read(text):\n    return json.loads(text)\n\n\ndef run(params, outputs_dir):\n"
     "    read('{')\n", "module_crashed: JSONDecodeError: Expecting property name",
     "modules/ferry/src/run.py:5: in read: return json.loads(text)"),
    ("def run(params, outputs_dir):\n    try:\n        {}['a']\n    except KeyError as error:\n"
     "        raise ValueError('two\\nlines') from error\n", "module_crashed: ValueError: two lines",
     "modules/ferry/src/run.py:5: in run: raise ValueError('two\\nlines') from error"),
])
def test_a_crash_shows_the_authors_own_frame_once(repo: Path, code: str, problem: str, frame: str) -> None:
    write(repo, code)
    status, told, _ = call(repo, "verify-module --module-id ferry")
    first, second, *rest = told.splitlines()
    assert (status, first.startswith(f"FAILED  ferry  0.00 s  {problem}"), second) == (1, True, f"  {frame}")
    assert rest == [], "the traceback is in the frame and in the problem, and nowhere else"


def test_a_failure_that_the_module_reports_keeps_its_whole_output(repo: Path) -> None:
    write(repo, "import logging\n\n\ndef run(params, outputs_dir):\n    try:\n        {}['a']\n    except KeyError:\n"
                "        logging.exception('looked up')\n"
                "    return {'status': 'FAILED', 'reason_slug': 'bad_input_format', 'message': 'no a'}\n")
    done = command(repo, f"{CLI} verify-module --module-id ferry")
    assert done.stdout.splitlines()[0].endswith("bad_input_format: no a")
    assert "  | KeyError: 'a'" in done.stdout.splitlines()


def test_what_a_self_test_did_not_make_is_named_beside_what_it_made(repo: Path) -> None:
    write(repo, CODE.replace("ticket.txt", "map.txt"))
    status, told, _ = call(repo, "verify-module ferry")
    assert (status, told.splitlines()[0].startswith("FAILED  ferry  0.00 s  missing_output: ")) == (1, True)
    assert told.splitlines()[0].endswith(": ticket")


def test_long_output_is_shortened_and_control_characters_do_nothing(repo: Path) -> None:
    write(repo, CODE.replace("    print(", "    print('\\x1b[2J' + 'line\\n' * 500)\n    print(", 1))
    _, told, _ = call(repo, "verify-module ferry")
    assert "\x1b" not in told
    assert len(told.splitlines()) < 50
    assert re.search(r"^  \[\d+ lines are left out here\]$", told, re.MULTILINE)


def test_an_unknown_module_has_a_nearest_name(repo: Path) -> None:
    for line in ("verify-module fery", "verify-module --module-id fery", "run-module fery"):
        status, _, told = call(repo, line)
        assert (status, told) == (2, "module 'fery' does not exist; did you mean `ferry`?\n")


# run-module

def test_a_module_runs_with_the_authors_own_parameters(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b")
    (tmp_path / "pics").mkdir()
    (tmp_path / "pics" / "a.png").write_text("x")
    before = tree(repo)
    given = f"--input town=7 --input seats=2 --input 'stops=[a, b]' --input table=@{tmp_path}/t.csv"
    status, told, _ = call(repo, f"run-module ferry {given} --input photos=@{tmp_path}/pics --keep {tmp_path}/out")
    assert (status, told.splitlines()) == (0, [
        "COMPLETED  ferry  0.00 s",
        f"  ticket  {tmp_path}/out/outputs/ticket.txt  1 byte",
        "  map     not made",
        "  | to 7 2 ['a', 'b']", "  | table t.csv a,b", "  | photos pics ['a.png']",
        f"kept in {tmp_path}/out; nothing was charged"])
    assert (tmp_path / "out/outputs/ticket.txt").read_text() == "7"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".run-module", "log.txt", "outputs", "run.json"]
    assert tree(repo) == before, "nothing else was written"


def tree(repo: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in repo.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}


def test_without_keep_nothing_stays(repo: Path) -> None:
    before = tree(repo)
    status, told, _ = call(repo, "run-module ferry --input town=Kiel")
    assert (status, told.splitlines()[-1]) == (0, "nothing was kept (--keep DIR keeps it); nothing was charged")
    assert tree(repo) == before


def test_the_result_for_programs(repo: Path, tmp_path: Path) -> None:
    told = json.loads(command(repo, f"{CLI} run-module ferry --input town=Kiel --keep {tmp_path}/o --json").stdout)
    assert {name: told[name] for name in ("module_id", "status", "reason", "charged_credits", "kept", "frame")} == {
        "module_id": "ferry", "status": "COMPLETED", "reason": "", "charged_credits": 0, "kept": f"{tmp_path}/o",
        "frame": None}
    assert told["isolation"].partition(":")[0] in ("bubblewrap", "process")


@pytest.mark.parametrize(("given", "status", "told"), [
    ("--input twon=Kiel", 2, "--input twon: ferry has no input `twon`; did you mean `town`?"),
    ("--input town=a --input town=b", 2, "--input town: is given twice; give it once"),
    ("--input town", 2, "--input 'town' has no =; write --input town=VALUE or --input town=@FILE"),
    ("--input =x", 2, "--input '=x' names no input; write --input INPUT=VALUE"),
    ("--input town=", 10, "--input town: error[wrong-length]: `town` has 0 characters; give it at least 1"),
    ("", 10, "--input town: error[missing-input]: ferry needs the input `town`; add --input town=VALUE"),
    ("--input town=a --input seats=two", 10,
     "--input seats: error[wrong-type]: `seats` must be an integer, not `two`; write a number, without quotes"),
    ("--input town=a --input seats=0", 10, "--input seats: error[out-of-range]: `seats` is 0; write at least 1"),
    ("--input town=a --input 'stops=[a, 1]'", 10,
     "--input stops: error[wrong-type]: item 2 of `stops` must be a string, not 1; put it in quotes"),
    ("--input town=a --input 'stops=[a'", 10, "--input stops:2:1: error[yaml-syntax]: a bracket is not closed"),
    ("--input town=a --input 'stops=*a'", 10, "--input stops:1:1: error[yaml-alias]: `*a` is an alias;"),
    ("--input town=a --input table=t.csv", 10,
     "--input table: error[wrong-type]: `table` takes a file, not `t.csv`; write --input table=@PATH"),
    ("--input town=a --input table=@nowhere.csv", 10, "nowhere.csv:1:1: error[file-missing]: the file does not exist"),
    ("--input town=a --input table=@modules", 10, "modules:1:1: error[not-a-file]: is a directory"),
    ("--input town=a --input photos=@dodo.py", 10,
     "--input photos: error[wrong-type]: `photos` takes a directory, and dodo.py is a file; name a directory"),
    ("--input town=@nowhere.txt", 10, "nowhere.txt:1:1: error[file-missing]:"),
    ("--input town=@latin.txt", 10, "latin.txt:1:3: error[not-utf8]: byte 0xfc is not UTF-8 text"),
])
def test_a_wrong_input_is_one_line_and_nothing_runs(repo: Path, given: str, status: int, told: str) -> None:
    (repo / "latin.txt").write_bytes(b"L\xc3\xbc\xfcbeck")
    found, out, err = call(repo, f"run-module ferry {given} --keep out")
    assert (found, out, len(err.splitlines())) == (status, "", 1), err
    assert err.startswith(told), err
    assert not (repo / "out").exists()


def test_a_text_may_come_from_a_file_or_begin_with_an_at_sign(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "town").write_text("Kiel")
    assert "  | to Kiel" in call(repo, f"run-module ferry --input town=@{tmp_path}/town")[1]
    assert "  | to @home" in call(repo, "run-module ferry --input town=@@home")[1]
    (tmp_path / "stops").write_text("- a\n- b\n")
    assert "['a', 'b']" in call(repo, f"run-module ferry --input town=a --input stops=@{tmp_path}/stops")[1]


def test_only_an_empty_directory_or_one_of_ours_is_written_to(repo: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "outputs").write_text("a book")
    status, _, told = call(repo, f"run-module ferry --input town=a --keep {mine}")
    assert (status, told) == (11, f"{mine}: is not empty, and run-module did not write it; name a new directory\n")
    assert (mine / "outputs").read_text() == "a book"
    assert call(repo, f"run-module ferry --input town=a --keep {mine}/outputs")[0] == 11
    assert call(repo, "run-module ferry --input town=a --keep modules/ferry/out")[0] == 2
    new = tmp_path / "new"
    assert call(repo, f"run-module ferry --input town=a --keep {new}")[0] == 0
    (new / "note.md").write_text("mine")
    write(repo, "def run(params, outputs_dir):\n    1 / 0\n")
    assert call(repo, f"run-module ferry --input town=a --keep {new}")[0] == 1
    assert sorted(path.name for path in new.rglob("*")) == [".run-module", "log.txt", "note.md", "outputs", "run.json"]


@pytest.mark.parametrize(("value", "status", "told"), [
    ("[{fixture: 5}]", 1, ""), ("[{fixture: fixtures/note.txt, as_path: [1]}]", 1, ""), ("[{fixture: {}}]", 1, ""),
    ("[{fixture: ../../../etc/passwd, as_path: x}]", 1, "has a fixture that is not in its directory"),
    ("[{fixture: /etc/passwd, as_path: x}]", 1, "has a fixture that is not in its directory"),
    ("[{fixture: fixtures/nothing.txt, as_path: x}]", 1, "missing_required_input"),
    ("[{from_step: other, output_id: x, as_path: x}]", 1, ""),
    ("[{fixture: fixtures/note.txt, as_path: note.txt}]", 0, "package_zip"),
])
def test_files_of_the_modules_directory_can_be_in_a_list(repo: Path, value: str, status: int, told: str) -> None:
    assert command(repo, f"{CLI} new module --module-id boxes --kind packaging").returncode == 0
    found, out, err = call(repo, f"run-module boxes --input 'bound_outputs={value}'")
    assert (found in (status, 10 if status else 0), told in out + err) == (True, True), out + err


def test_the_workspaces_own_directories_are_not_written_to(repo: Path) -> None:
    for name in ("runtime", ".billing-state", ".billing-state/x", "tenants/tenant/out", "."):
        status, _, told = call(repo, f"run-module ferry --input town=a --keep {name}")
        assert (status, told.count("\n")) in ((2, 1), (11, 1)), name
        assert not (repo / name / ".run-module").exists()


@pytest.mark.parametrize("path", ["a" * 5000, "loop/x", "loop", "/proc/self/x/y", "/dev/null/x"])
def test_a_path_that_cannot_be_is_one_line(repo: Path, path: str) -> None:
    (repo / "loop").symlink_to("loop")
    for words in (f"--keep {path}", f"--input photos=@{path}", f"--input table=@{path}"):
        status, out, err = call(repo, f"run-module ferry --input town=a {words}")
        assert (status in (2, 10, 11, 15), out, err.count("\n")) == (True, "", 1), (words[:20], err)


def test_two_runs_do_not_share_a_directory(repo: Path, tmp_path: Path) -> None:
    keep = tmp_path / "out"
    assert call(repo, f"run-module ferry --input town=a --keep {keep}")[0] == 0
    before = tree(keep)
    with (keep / ".run-module").open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        status, _, told = call(repo, f"run-module ferry --input town=b --keep {keep}")
    assert (status, told) == (
        11, f"{keep}: another run-module works there; wait, or name another directory\n")
    assert tree(keep) == before


def test_secrets_and_network_are_those_of_a_step(repo: Path) -> None:
    (repo / "modules/ferry/module.yml").write_text(CONTRACT + "requirements: {secrets: [{name: FERRY_KEY}]}\n")
    profile = repo / "config/runtime_profile.yml"
    profile.write_text(profile.read_text().replace("module_secrets:", "module_secrets:\n  ferry: [FERRY_KEY]"))
    write(repo, CODE.replace("    print(", "    import os\n    print(os.environ['FERRY_KEY'], sorted(os.environ))\n"
                                           "    print(", 1))
    status, told, _ = call(repo, "run-module ferry --input town=a")
    assert (status, told.splitlines()[0]) == (
        1, "FAILED  ferry  0.00 s  secrets_missing: the environment does not have FERRY_KEY")
    _, told, _ = call(repo, "run-module ferry --input town=a", FERRY_KEY="sesame-9351-xx", OTHER_KEY="x")
    assert "[secret]" in told
    assert "sesame" not in told
    assert "OTHER_KEY" not in told


def test_a_delivery_stays_in_the_directory_whatever_the_profile_says(repo: Path, tmp_path: Path) -> None:
    profile = repo / "config/runtime_profile.yml"
    text = re.sub(r"email: \{.*\}", "email: {transport: smtp, host: 127.0.0.1, port: 9, security: none, "
                                    "from: a@b.test}", profile.read_text())
    profile.write_text(text)
    package = repo / "modules/deliver_email/fixtures/package.zip"
    status, told, _ = call(repo, f"run-module deliver_email --input package_zip=@{package} "
                                 f"--input recipient_email=a@example.com --keep {tmp_path}/out")
    assert status == 0, told
    assert list((tmp_path / "out/delivered").rglob("*.eml"))
    assert not (repo / "outbox").exists()


@pytest.mark.slow
def test_an_interrupted_run_leaves_nothing(repo: Path, tmp_path: Path) -> None:
    write(repo, "import time\n\n\ndef run(params, outputs_dir):\n    open(f'{outputs_dir}/began', 'w').close()\n"
                "    time.sleep(600)\n")
    words = ["run-module", "ferry", "--input", "town=a", "--keep", str(tmp_path / "out")]
    run = subprocess.Popen([sys.executable, "-c", BOOT, *words], cwd=repo, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    until(lambda: any((tmp_path / "out").rglob("began")), run)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=LONGEST_WAIT_S)
    assert (run.returncode, "interrupted" in told, "Traceback" in told) == (130, True, False)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".run-module"]
