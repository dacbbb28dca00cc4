"""A wheel of this tree and environments with it, made once for all workers of a session."""
import fcntl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import check_wheel


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The directory that `make` has filled, whichever worker was first."""
    base = factory.getbasetemp()
    base = base.parent if "popen-gw" in base.name else base
    folder = base / "once" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a wheel and a source archive."""
    return once(tmp_path_factory, "built", lambda folder: check_wheel.build(folder / "dist")) / "dist"


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory, dist: Path) -> Path:
    """The Python of an environment in which the wheel is installed, in a directory with a space and an umlaut."""
    def make(folder: Path) -> None:
        check_wheel.installed(folder / "env", check_wheel.one(dist, "*.whl"))

    return once(tmp_path_factory, "mit Größe", make) / "env" / "bin" / "python"


@pytest.fixture(scope="session")
def plain_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has doit and nothing of ours."""
    def make(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
        check_wheel.run([str(folder / "env/bin/python"), "-m", "pip", "install", "--quiet", "doit==0.37.0"])

    return once(tmp_path_factory, "plain", make) / "env" / "bin" / "python"
