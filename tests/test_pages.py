"""The pages for people are true. Every `bash` block of the README's commands, the tutorial, the guides, the how-tos and
the CLI reference runs, in order, after the first run, and prints the `text` block below it. `sh` blocks do not run."""
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, command

README = (ROOT / "README.md").read_text(encoding="utf-8")
GROUPS = README.split("\n## Commands\n")[1].split("\n## ")[0]  # tests/test_readme.py runs the rest
PAGES = ["README.md", "docs/tutorial.md", "docs/cli.md",
         *(f"docs/guide-{reader}.md" for reader in ("operator", "tenant", "module-author")),
         *(f"docs/howto/{page}.md" for page in ("backup", "restore", "upgrade", "move-a-machine", "recover", "cache",
                                                "publish", "top-up", "write-a-module", "schedule",
                                                "bring-earlier-files"))]
BLOCK = re.compile(r"^( *)```bash\n(.*?)\n\1```(?:\n\n\1```text\n(.*?)\n\1```)?", re.DOTALL | re.MULTILINE)


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


def shell(checkout: Path, line: str) -> subprocess.CompletedProcess[str]:
    """A line as a person types it, with this virtual environment in front. A plain command of ours runs in this
    process, and so the package is this tree's, not the checkout's."""
    plain = re.sub(r" +# .*", "", line)
    if re.match(r"doit |python -m platform\.cli ", plain) and not re.search(r"[|$&<>;\\]", plain):
        return command(checkout, plain)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    return subprocess.run(["bash", "-c", line], cwd=checkout, env=env, capture_output=True, text=True, check=False)


def commands(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page, and the lines that its block promises to print, with its last command."""
    for indent, code, output in BLOCK.findall(page):
        lines = [line.removeprefix(indent) for line in code.splitlines() if line.strip()]
        for line in lines:
            yield line, [text.strip() for text in output.splitlines()] if line is lines[-1] else []


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_works(page: str, _ran: Path, tmp_path: Path) -> None:
    checkout = Path(shutil.copytree(_ran, tmp_path / "checkout", symlinks=True))
    found = list(commands(GROUPS if page == "README.md" else (ROOT / page).read_text(encoding="utf-8")))
    assert found
    variables = ""  # what a line before has set, for a new shell each time
    for line, printed in found:
        if re.match(r"[A-Z]+=", line):
            variables += f"{line}; "
            continue
        done = shell(checkout, variables + line)
        told = done.stdout + done.stderr
        expected = re.search(r"# exits with (\d+)", line)
        assert done.returncode == (int(expected[1]) if expected else 0), f"{line}\n{told}"
        assert "Traceback" not in told
        for words in printed:
            assert re.search(".*".join(map(re.escape, words.split("…"))), told), f"{line}\nlacks {words}\n{told}"


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
