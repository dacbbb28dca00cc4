"""scripts/setup asks pip for what running needs, and with --dev for all. A stand-in for Python writes down what pip is
asked for; tests/test_readme.py shows with the real one that what running needs is enough."""
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT

STAND_IN = """#!/bin/sh
case "$1 $2" in
    "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    "-m pip") shift 2; echo "$*" >> asked; [ ! -e refuse ] ;;
esac
"""
RUN = "install --quiet --disable-pip-version-check -e .[charts,signing]"
DEV = "install --quiet --disable-pip-version-check -r requirements.txt"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("scripts/setup", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "python").write_text(STAND_IN)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def setup(checkout: Path, *words: str) -> tuple[int, list[str]]:
    """The exit status, and what pip was asked for."""
    asked = checkout / "asked"
    asked.write_text("")
    done = subprocess.run([checkout / "scripts" / "setup", *words], capture_output=True, check=False, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "PYTHON": str(checkout / "python")})
    return done.returncode, asked.read_text().splitlines()


def test_it_installs_what_running_needs_and_for_developers_the_rest(checkout: Path) -> None:
    assert setup(checkout) == (0, [RUN])
    assert setup(checkout) == (0, []), "what is there is kept"
    assert setup(checkout, "--dev") == (0, [DEV])
    assert setup(checkout, "--dev") == setup(checkout) == (0, []), "--dev has installed both"


def test_what_did_not_install_or_has_changed_is_installed_again(checkout: Path) -> None:
    (checkout / "refuse").touch()
    assert setup(checkout, "--dev") == (1, [DEV])
    (checkout / "refuse").unlink()
    assert setup(checkout, "--dev") == (0, [DEV])
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# another version\n")
    assert setup(checkout) == (0, [RUN])
    assert setup(checkout, "--dev") == (0, [DEV])


@pytest.mark.parametrize("words", [("--devel",), ("--dev", "more"), ("now",)])
def test_what_it_does_not_know_is_usage_and_installs_nothing(checkout: Path, words: tuple[str, ...]) -> None:
    assert setup(checkout, *words) == (2, [])
    assert not (checkout / ".venv").exists()
