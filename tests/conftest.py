"""Tests find the package `platform` beside the standard module of that name, as dodo.py does; and what several folders
of tests begin with."""
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import _platform_boot  # noqa: F401  (imported for what it does)
from platform.model.codes import CODES
from platform.model.problem import Problem
from tests.support import delivered


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shard", default="1/1", metavar="N/M", help="the share N of M of the tests, file by file")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a test waits for a part of its time."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The share that was asked for. What is slow begins first, so that no worker is left alone with it at the end."""
    number, count = map(int, config.getoption("--shard").split("/"))
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    weights: dict[str, float] = {}
    for item in items:
        weights[file_of(item)] = weights.get(file_of(item), 0) + (1 if item.get_closest_marker("slow") else 0.04)
    shared = shares({**weights, **{file: HEAVY[file] for file in weights.keys() & HEAVY.keys()}}, count)
    kept = [item for item in items if shared[file_of(item)] == number]
    config.hook.pytest_deselected(items=sorted({*items} - {*kept}, key=items.index))
    items[:] = kept


# Measured seconds of processor time. Other files have 1 for a slow test and 0.04 for another one, on average.
HEAVY = {"tests/workflows/test_act.py": 115, "tests/test_runbooks.py": 45, "tests/year/test_year.py": 43}


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def shares(weights: Mapping[str, float], count: int) -> dict[str, int]:
    """Which of `count` shares each file of tests belongs to, from 1 on: each file, the heaviest first, comes into the
    share that is the lightest then."""
    sums, found = [0.0] * count, {}
    for file in sorted(weights, key=lambda file: (-weights[file], file)):
        lightest = sums.index(min(sums))
        sums[lightest] += weights[file]
        found[file] = lightest + 1
    return found


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the ledger remembers outside of a state never comes into the home of who runs the tests."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state-home"))


@pytest.fixture(scope="session", autouse=True)
def _compiled_modules_are_kept() -> None:
    """What tests start would compile every module again, for half a second each, where Python may not keep them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(scope="session", autouse=True)
def _interrupts_are_heeded() -> None:
    """A shell starts what it runs in the background with SIGINT ignored, and every child inherits that: what a test
    interrupts would never end."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _codes_are_explained() -> None:
    """Whatever problem a test meets in its process, its code is one that `explain` knows."""
    made = Problem.__init__

    def checked(self: Problem, *arguments: object, **named: object) -> None:
        made(self, *arguments, **named)  # type: ignore[arg-type]
        assert self.code in CODES or self.code == "workflow-unsafe", f"{self.code} is not explained"

    Problem.__init__ = checked  # type: ignore[method-assign]


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
