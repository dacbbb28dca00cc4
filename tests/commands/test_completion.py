"""The completion script, run by the shell it is for: words at the end of a line, and what the shell would offer."""
import shutil
import subprocess
from pathlib import Path

import pytest

from platform import cli
from platform.model.codes import CODES
from tests.support import TEA, repository

PRESSED = """
eval "$SCRIPT"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_platform
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    for tenant in ("tenant", "other1"):
        orders = made / "tenants" / tenant / "workorders"
        orders.mkdir(parents=True)
        (orders / f"tea-of-{tenant}.yml").write_text(TEA)
    (made / "tenants" / "$(touch hacked)").mkdir()
    return made


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["completion", "bash"]) == 0
    return capsys.readouterr().out


def offered(repo: Path, script: str, *words: str) -> set[str]:
    done = subprocess.run(["bash", "-u", "-c", PRESSED, "bash", *words], cwd=repo, capture_output=True, text=True,
                          check=False, env={"SCRIPT": script, "PATH": "/usr/bin:/bin"})
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize(("words", "offer"), [
    (["platform", "con"], {"consistency-validate"}),
    (["python", "-m", "platform.cli", "con"], {"consistency-validate"}),
    (["/usr/bin/python3", "-m", "platform.cli", "new", ""], {"tenant", "workorder", "module", "--help"}),
    (["platform", "new", "t"], {"tenant"}),
    (["platform", "new", "module", "--k"], {"--kind"}),
    (["platform", "new", "module", "--kind", "d"], {"delivery"}),
    (["platform", "new", "module", "--kind", "delivery", "--na"], {"--name"}),
    (["platform", "explain", "yaml-t"], {code for code in CODES if code.startswith("yaml-t")}),
    (["platform", "completion", ""], {"bash", "zsh", "--help"}),
    (["platform", "status", "--tenant-id", ""], {"tenant", "other1"}),
    (["platform", "status", "--work-order-id", "tea-of-o"], {"tea-of-other1"}),
    (["platform", "status", "tenant"], {"tenant", "tenant/tea-of-tenant"}),
    (["platform", "why", "other1/"], {"other1/tea-of-other1"}),
    (["platform", "statement", "oth"], {"other1"}),
    (["platform", "verify-module", "--module-id", "package"], {"package_std"}),
    (["platform", "run-module", "package"], {"package_std"}),
    (["platform", "migrate", "modul"], {"modules"}),
    (["platform", "migrate", "--w"], {"--write"}),
    (["platform", "run-module", "package_std", "--k"], {"--keep"}),
    (["platform", "status", "--runtime-profile", "dodo"], {"dodo.py"}),
    (["platform", "new", "tenant", "--name", ""], set()),
    (["python", "-m", "json.tool", ""], set()),
    (["python", "dod"], set()),
    (["python", ""], set()),
])
def test_what_is_offered_at_the_end_of_a_line(repo: Path, script: str, words: list[str], offer: set[str]) -> None:
    assert offered(repo, script, *words) == offer


def test_every_command_is_offered_and_a_folders_name_is_never_run(repo: Path, script: str) -> None:
    assert offered(repo, script, "platform", "") == {*cli.COMMANDS, "--help"}
    offered(repo, script, "platform", "status", "--tenant-id", "")
    assert not list(repo.rglob("hacked"))


def test_built_in_modules_are_offered_in_a_workspace_without_modules(repo: Path, script: str) -> None:
    shutil.rmtree(repo / "modules")
    assert offered(repo, script, "platform", "verify-module", "--module-id", "package") == {"package_std"}


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_takes_the_script(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", "zsh"]) == 0
    pressed = ('eval "$SCRIPT"; emulate sh; COMP_WORDS=(platform con); COMP_CWORD=1; _platform; echo "${COMPREPLY[@]}"')
    done = subprocess.run(["zsh", "-f", "-c", pressed], cwd=repo, capture_output=True, text=True, check=False,
                          env={"SCRIPT": capsys.readouterr().out, "PATH": "/usr/bin:/bin"})
    assert "consistency-validate" in done.stdout.split(), done.stderr
