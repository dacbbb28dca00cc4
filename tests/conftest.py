"""Tests find the package `platform` beside the standard module of that name, as dodo.py does; and what several folders
of tests begin with."""
import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

import _platform_boot  # noqa: F401  (imported for what it does)
from tests.support import delivered


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the ledger remembers outside of a state never comes into the home of who runs the tests."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state-home"))


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heeded() -> None:
    """A shell starts what it runs in the background with SIGINT ignored, and every child inherits that: what a test
    interrupts would never end."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def _delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return delivered(tmp_path_factory.mktemp("delivered") / "repo")


@pytest.fixture
def delivered_repo(_delivered: Path, tmp_path: Path) -> Path:
    """A repository of the test's own in which the order tea was run and delivered."""
    return Path(shutil.copytree(_delivered, tmp_path / "repo"))


@pytest.fixture
def without_bwrap(tmp_path: Path) -> str:
    """A PATH on which everything is found but bubblewrap."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in os.environ["PATH"].split(":"):
        for program in sorted(Path(place).glob("*")):
            link = folder / program.name
            if program.name != "bwrap" and not link.is_symlink():
                link.symlink_to(program)
    return f"{Path(sys.executable).parent}:{folder}"
