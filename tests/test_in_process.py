"""What tests run in their own process is what a process of its own would have done, and it leaves nothing behind."""
import gc
import os
import re
import sys
from pathlib import Path

import pytest

from tests import in_process
from tests.support import TEA, command, repository, started

LINES = (
    "doit list --all --status", "doit run step:tenant/tea/too", "doit run nothing=1", "doit run --nothing",
    "python -m platform.cli quote", "python -m platform.cli quot", "python -m platform.cli log step:tenant/tea/one",
    "doit run", "doit run", "python -m platform.cli ledger verify", "doit clean", "doit help",
    "python scripts/e2e_assert_chaining.py --tenant-id tenant --work-order-id tea")
TIMES = re.compile(r"\d+\.\d+ s|\d\d:\d\d:\d\d|[0-9a-f]{8,}")


@pytest.fixture
def repositories(tmp_path: Path) -> tuple[Path, Path]:
    made = repository(tmp_path / "here" / "repo"), repository(tmp_path / "away" / "repo")
    for repo in made:
        orders = repo / "tenants" / "tenant" / "workorders"
        orders.mkdir()
        (orders / "tea.yml").write_text(TEA)
    return made


@pytest.mark.slow
def test_it_says_and_ends_as_a_process_of_its_own(repositories: tuple[Path, Path]) -> None:
    here, away = repositories
    for line in LINES:
        seen = [(done.returncode, *(TIMES.sub("", text.replace(str(repo), "")) for text in (done.stdout, done.stderr)))
                for repo, done in ((here, command(here, line)), (away, started(away, line)))]
        assert seen[0] == seen[1], line


@pytest.mark.slow
def test_it_leaves_nothing_behind(repositories: tuple[Path, Path]) -> None:
    def surroundings() -> list[object]:
        gc.collect()  # a session that ended is a cycle
        return [Path.cwd(), dict(os.environ), list(sys.path), sys.argv, sys.stdin, sys.stdout, sys.stderr,
                "dodo" in sys.modules, len(list(Path("/proc/self/fd").iterdir()))]

    for line in LINES:
        command(repositories[0], line)  # some handles are opened once a process
    before = surroundings()
    for line in LINES:
        command(repositories[1], line, SOMETHING="else")
    assert surroundings() == before


@pytest.mark.parametrize(("program", "status", "said"), [
    (lambda: None, 0, ""), (lambda: 17, 17, ""), (lambda: sys.exit(), 0, ""), (lambda: sys.exit(3), 3, ""),
    (lambda: sys.exit("words"), 1, "words\n"), (lambda: os.write(2, b"by the descriptor\n") and None, 0,
                                                "by the descriptor\n"),
    (lambda: 1 / 0, 1, "ZeroDivisionError")])
def test_it_ends_as_an_interpreter_does(tmp_path: Path, program: in_process.Program, status: int, said: str) -> None:
    done = in_process.run(program, ["x"], tmp_path, os.environ)
    assert done.returncode == status and said in done.stderr and ("Traceback" in done.stderr) is (said[:4] == "Zero")


def test_what_an_interpreter_reads_when_it_starts_needs_a_process(tmp_path: Path) -> None:
    for name in ("PYTHONIOENCODING", "LC_ALL", "LD_PRELOAD"):
        with pytest.raises(ValueError, match=f"{name}: .*support.started"):
            in_process.run(lambda: 0, ["x"], tmp_path, {**os.environ, name: "C"})
