"""What `log`, `status` and the last line say is of this run; what a Python lacks and what a full disk means is told."""
import re
import shlex
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

from platform.run.machine import this_machine
from tests.app.test_runs import ORDER, started, until
from tests.support import BOOT, LONGEST_WAIT_S, ROOT, command, repository, rows


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    folder = made / "tenants" / "tenant"
    for name in ("workorders", "assets"):
        (folder / name).mkdir()
    (folder / "workorders" / "tea.yml").write_text(ORDER)
    (folder / "assets" / "gate.txt").write_text("go")
    return made


@pytest.mark.slow
def test_a_running_step_is_told_as_it_runs_and_not_as_it_last_ended(repo: Path) -> None:
    module = repo / "modules" / "hold" / "src" / "run.py"
    module.write_text(module.read_text().replace("def run(params, outputs_dir):\n", "def run(params, outputs_dir):\n"
                                                 "    print('gate is', open(params['gate']['path']).read())\n", 1))
    first = command(repo, "doit run")
    assert first.returncode == 0, first.stdout
    (repo / "tenants/tenant/assets/gate.txt").write_text("wait")
    run = started(repo)
    try:
        new = repo / "runtime/tenant/tea/.held.new/log.txt"
        until(lambda: "gate is wait" in new.read_text(), run)
        log = command(repo, "python -m platform.cli log step:tenant/tea/held").stdout
        status = command(repo, "python -m platform.cli status").stdout
    finally:
        run.kill()
        run.communicate(timeout=LONGEST_WAIT_S)
    assert re.fullmatch(r"gate is wait\nRUNNING step:tenant/tea/held|gate is wait\nRUNNING tenant/tea/held  "
                        r"[0-9.]+ s so far  the log is runtime/tenant/tea/\.held\.new/log\.txt\n", log), log
    [line] = [line for line in status.splitlines() if " held " in line]
    assert line.split()[0] == "RUNNING" and ".held.new/log.txt" in line and "outputs" not in line
    left = command(repo, "python -m platform.cli log step:tenant/tea/held").stdout
    assert left.startswith("gate is go\nCOMPLETED")  # nobody runs: what is left of the killed one is no run


@pytest.mark.slow
def test_the_seconds_of_the_last_line_are_those_of_the_process(repo: Path) -> None:
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", "import time, sys; time.sleep(1.5); sys.argv[1:] = ['run']; "
                           "from doit.__main__ import main; main()"], cwd=repo, capture_output=True, text=True,
                          check=False)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    said = float(done.stdout.split()[-2])
    assert 1.5 <= said <= took + 0.1


def test_a_python_that_lacks_what_we_need_is_told_in_one_line(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    for words in ("-m platform.cli status", "scripts/verify_platform.py", "-c 'import dodo'"):
        done = subprocess.run([python, *shlex.split(words)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and not done.stdout, done.stderr
        assert "run scripts/setup" in done.stderr and str(python) in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not this_machine().bwrap, reason="bubblewrap makes the small disk")
def test_a_top_up_that_is_in_the_journal_of_a_full_disk_says_so(repo: Path) -> None:
    state = repo / ".billing-state"
    state.mkdir(exist_ok=True)
    python = f"{shlex.quote(sys.executable)} -c {shlex.quote(BOOT)}"
    topup = f"{python} admin-topup --tenant-id tenant --amount-credits 7 --topup-method-id bank-wire --reference full"
    doit = shlex.quote(str(Path(sys.executable).with_name("doit")))
    script = f"""{doit} run state && cat /dev/zero > .billing-state/fill 2>/dev/null
{topup}; echo status $?; rm .billing-state/fill; {topup}; echo status $?; cp .billing-state/transactions.csv copy.csv"""
    done = subprocess.run([this_machine().bwrap, "--dev-bind", "/", "/", "--size", str(1 << 18), "--tmpfs", state, "--",
                           "/bin/sh", "-c", script], cwd=repo, capture_output=True, text=True, check=False)
    assert "status 15\n" in done.stdout and "status 0\n" in done.stdout, done.stdout + done.stderr
    assert re.search(r"The post \w+ is in the journal and counts; if you repeat the command", done.stderr)
    assert "posted before, nothing changed" in done.stdout and "Traceback" not in done.stderr
    assert [row["amount_credits"] for row in rows(repo / "copy.csv")].count("7") == 1
