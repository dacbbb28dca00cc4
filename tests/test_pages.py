"""The pages for people are true. Every `bash` block of every page runs, in order, after the first run, and prints the
`text` block below it. The lines of `sh` blocks run in a clone that has what they need. tests/page_commands.py lists the
rest."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import test_readme
from tests.page_commands import ELSEWHERE, NOT_RUN, OWN, PREPARED, PageCommand, commands, pages
from tests.support import ROOT, command

README = (ROOT / "README.md").read_text(encoding="utf-8")
GROUPS = README.split("\n## Commands\n")[1].split("\n## ")[0]  # tests/test_readme.py runs the rest
ALL = pages()


def shown(page: str, *languages: str) -> list[PageCommand]:
    """The commands of a page in blocks of these languages, without those that the table says are not executed."""
    text = GROUPS if page == "README.md" else (ROOT / page).read_text(encoding="utf-8")
    return [each for each in commands(text) if each.language in languages and (page, each.plain) not in NOT_RUN]


RUN = [page for page in ALL if page not in ELSEWHERE and shown(page, "bash")]
PREPARED_PAGES = [page for page in ALL if shown(page, "sh", "shell", "console") and page not in (
    name for name in ELSEWHERE if name.startswith("platform/"))]


@pytest.fixture(scope="session")
def _ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What git knows of this tree, without tests and the package, after the README's first command."""
    folder = tmp_path_factory.mktemp("pages") / "checkout"
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "platform/", "_platform_boot")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    done = shell(folder, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def shell(checkout: Path, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line as a person types it, with this virtual environment in front. A plain command of ours runs in this
    process, and so the package is this tree's, not the checkout's."""
    plain = re.sub(r" +# .*", "", line)
    if re.match(r"doit |python -m platform\.cli ", plain) and not re.search(r"[|$&<>;\\]", plain):
        return command(checkout, plain, **environment)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(["bash", "-c", line], cwd=checkout, env={**env, **environment}, capture_output=True,
                          text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_every_command_of_the_page_works(page: str, _ran: Path, tmp_path: Path) -> None:
    checkout = Path(shutil.copytree(_ran, tmp_path / "checkout", symlinks=True))
    variables = ""  # what a line before has set, for a new shell each time
    for each in shown(page, "bash"):
        if re.match(r"[A-Z]+=", each.line):
            variables += f"{each.line}; "
            continue
        works(each, shell(checkout, variables + each.line))


def works(each: PageCommand, done: subprocess.CompletedProcess[str]) -> None:
    told = done.stdout + done.stderr
    assert done.returncode == each.exit_status, f"{each.line}\n{told}"
    assert "Traceback" not in told
    for words in each.printed:
        assert re.search(".*".join(map(re.escape, words.split("…"))), told), f"{each.line}\nlacks {words}\n{told}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PREPARED_PAGES)
def test_a_command_works_where_a_reader_has_what_it_needs(page: str, _ran: Path, tmp_path: Path) -> None:
    clone = Path(shutil.copytree(_ran, tmp_path / "clone", symlinks=True))

    def typed(line: str) -> subprocess.CompletedProcess[str]:
        key = clone / "runtime/key.pem"
        return shell(clone, line, **({"PLATFORM_SIGNING_KEY": key.read_text()} if key.exists() else {}))

    def succeeds(line: str) -> str:
        done = typed(line)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    PREPARED[page](clone, succeeds)
    for each in shown(page, "sh", "shell", "console"):
        line = each.line
        for word, own in OWN.items():
            if re.search(rf"(?<!\S){re.escape(word)}(?!\S)", each.plain):
                line = re.sub(rf"(?<!\S){re.escape(word)}(?!\S)", own(clone), line)
        works(each, typed(line))


def test_every_shell_command_is_executed_or_has_a_reason() -> None:
    """A new page or block is executed without further work; a table entry whose command is gone is an error."""
    there = {(page, each.plain) for page in ALL for each in commands((ROOT / page).read_text(encoding="utf-8"))}
    assert set(NOT_RUN) - there == set()
    assert set(ELSEWHERE) - set(ALL) == set()
    assert [test for test in ELSEWHERE.values() if not (ROOT / test).is_file()] == []
    assert [page for page in PREPARED_PAGES if page not in PREPARED] == []
    executed = {line.strip() for block in (test_readme.RUN, test_readme.LONG) for line in block.splitlines()}
    outside = [each.plain for each in commands(README.replace(GROUPS, "")) if ("README.md", each.plain) not in NOT_RUN]
    assert [line for line in outside if line not in executed] == [], "test_readme.py runs its first and last block"
    assert all(reason for reason in NOT_RUN.values())
    named = {word for reason in NOT_RUN.values() for word in re.findall(r"tests/\S+\.py", reason)}
    assert [test for test in named if not (ROOT / test).is_file()] == []


@pytest.mark.slow
def test_the_cli_reference_is_what_the_parsers_say() -> None:
    done = subprocess.run([sys.executable, "scripts/write_cli_reference", "--check"], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_command_is_in_the_reference_with_an_example() -> None:
    from platform.cli import COMMANDS

    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert f"python -m platform.cli {name}" in section, name


def test_the_readme_lists_commands_in_groups_of_five() -> None:
    groups = re.findall(r"```(?:bash|sh)\n(.*?)```", GROUPS, re.DOTALL)
    assert len(groups) >= 5
    assert {len(group.strip().splitlines()) for group in groups} == {5}
