"""What tests of whole commands share: a repository of their own, command lines in it, and its CSV files."""
import csv
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, AnyStr

from tests import in_process

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"
SCRIPTS = Path(sys.executable).parent
LONGEST_WAIT_S = 240.0  # for anything that a test waits for; a machine that is busy with much else needs some of it


def checkout(folder: Path, leave_out: str = "\0") -> Path:
    """A copy of what git has here, and of our compiled modules, so that no command compiles them again.

    Files whose path begins with `leave_out` are not copied."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    compiled = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("platform/**/__pycache__/*.pyc")]
    for name in filter(None, [*listed.stdout.split("\0"), *compiled]):
        if (ROOT / name).is_file() and not name.startswith(leave_out):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def repository(repo: Path, *overlays: Path) -> Path:
    """A repository of its own: what is shipped but the tenants, the base of the stories, and the story's own files."""
    repo.mkdir(parents=True)
    shutil.copy(ROOT / "dodo.py", repo)
    shutil.copy(ROOT / "pyproject.toml", repo)
    shutil.copy(ROOT / ".gitattributes", repo)
    for folder in ("modules", "config", "schemas"):
        shutil.copytree(ROOT / folder, repo / folder, ignore=shutil.ignore_patterns("__pycache__"))
    prices = (repo / "config" / "module_prices.csv").read_text() + (CASES / "base" / "prices.csv").read_text()
    (repo / "config" / "module_prices.csv").write_text(prices)
    for overlay in (CASES / "base", *overlays):
        shutil.copytree(overlay, repo, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return repo


def with_gate(repo: Path, name: str, order: str) -> Path:
    """The repository with an order whose module `hold` waits until its asset gate.txt no longer says wait."""
    tenant = repo / "tenants" / "tenant"
    for folder in ("workorders", "assets"):
        (tenant / folder).mkdir(exist_ok=True)
    (tenant / "assets" / "gate.txt").write_text("wait")
    (tenant / "workorders" / f"{name}.yml").write_text(order)
    return repo


def shipped(repo: Path) -> Path:
    """A copy of what is shipped, its tenants and their orders too."""
    repo.mkdir(parents=True)
    for name in ("dodo.py", "pyproject.toml", ".gitattributes"):
        shutil.copy(ROOT / name, repo)
    for folder in ("modules", "config", "schemas", "tenants"):
        shutil.copytree(ROOT / folder, repo / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return repo


def workspace(folder: Path) -> Path:
    """A workspace that has only what its operator owns."""
    (folder / "config").mkdir(parents=True)
    (folder / "tenants").mkdir()
    shutil.copy(ROOT / "dodo.py", folder)
    (folder / "doit.cfg").write_text("[GLOBAL]\nloader = platform\n")
    for path in sorted((ROOT / "config").iterdir()):
        if path.name not in ("reasons.yml", "payments.csv", "tenants.csv"):
            shutil.copy(path, folder / "config")
    for name in ("payments.csv", "tenants.csv"):
        header = (ROOT / "config" / name).read_text().splitlines()[0]
        (folder / "config" / name).write_text(f"{header}\n")
    return folder


def command(repo: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a command line does for a person in that repository, with this virtual environment active; run in this
    process, without the third of a second that a process of its own takes to begin (`started`)."""
    words = shlex.split(line)
    if words[0] == "doit":
        return in_process.run(in_process.doit, words, repo, _environment(environment))
    if words[1:3] == ["-m", "platform.cli"]:
        return in_process.run(in_process.cli, words[2:], repo, _environment(environment))
    if words[1].startswith("scripts/"):
        return in_process.run(in_process.script(ROOT / words[1]), words[1:], repo, _environment(environment))
    return started(repo, line, **environment)


def started(repo: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own: for what only a process shows, such as a crash or what it imports."""
    words = shlex.split(line)
    program = {"doit": [str(SCRIPTS / "doit")], "python": [sys.executable]}[words[0]]
    if words[1].startswith("scripts/"):
        words[1] = str(ROOT / words[1])
    if words[1:3] == ["-m", "platform.cli"]:
        program, words = [sys.executable, "-c", BOOT], words[2:]
    return subprocess.run([*program, *words[1:]], cwd=repo, capture_output=True, text=True, check=False,
                          env=_environment(environment), timeout=LONGEST_WAIT_S)


def _environment(changes: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}", **changes}


def until(is_so: Callable[[], bool], run: "subprocess.Popen[str] | None" = None) -> None:
    """Poll until it is so. AssertionError, with what it said, when `run` ends first; TimeoutError at the limit."""
    end = time.monotonic() + LONGEST_WAIT_S
    while not is_so():
        if run is not None and run.poll() is not None and not is_so():
            raise AssertionError(run.communicate(timeout=LONGEST_WAIT_S))
        if time.monotonic() > end:
            raise TimeoutError(f"not so after {LONGEST_WAIT_S:g} s")
        time.sleep(0.01)


def line_of(stream: IO[AnyStr] | None) -> AnyStr:
    """The next line that a process writes. TimeoutError at the limit."""
    assert stream is not None
    found: list[AnyStr] = []
    reader = threading.Thread(target=lambda: found.append(stream.readline()), daemon=True)
    reader.start()
    reader.join(timeout=LONGEST_WAIT_S)
    if not found:
        raise TimeoutError(f"no line after {LONGEST_WAIT_S:g} s")
    return found[0]


def ended(pid: int) -> int:
    """The exit status of a child that was forked, negative for a signal. TimeoutError at the limit; it is killed."""
    handle = os.pidfd_open(pid)
    try:
        end = select.poll()
        end.register(handle, select.POLLIN)
        on_time = end.poll(1000 * LONGEST_WAIT_S)
        if not on_time:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(handle)
    if not on_time:
        raise TimeoutError(f"process {pid} was killed after {LONGEST_WAIT_S:g} s")
    return status


def accept_loss(repo: Path) -> None:
    """After a test took something of the billing state away: the operator says that this is meant."""
    done = command(repo, "python -m platform.cli state accept-loss --note 'a test took it away'")
    assert done.returncode == 0, done.stdout + done.stderr


BOOT = "import _platform_boot, sys; sys.exit(_platform_boot.main())"  # the story's folder has no platform/ of its own


def rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


TEA = """work_order_id: tea
artifacts_requested: true
steps:
  - {step_id: one, module_id: say, kind: transform, deliverables: [said], inputs: {text: tea}}
  - {step_id: two, module_id: say, kind: transform, inputs: {text: milk, after: {from_step: one, output_id: said}}}
  - step_id: package
    module_id: package_std
    kind: packaging
    deliverables: [package_artifacts]
    inputs: {bound_outputs: [{from_step: one, output_id: said, as_path: said.txt}]}
  - step_id: put
    module_id: deliver_folder
    kind: delivery
    inputs: {package_zip: {from_step: package, output_id: package_zip}}
"""


def delivered(repo: Path) -> Path:
    """A repository whose one order was run: said (2 credits) and package_artifacts (0) were bought; 14 spent in all."""
    repository(repo)
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.parent.mkdir()
    order.write_text(TEA)
    done = command(repo, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    return repo
