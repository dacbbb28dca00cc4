"""Tests find the package `platform` beside the standard module of that name, as dodo.py does; and what several folders
of tests begin with."""
import shutil
from pathlib import Path

import pytest

import _platform_boot  # noqa: F401  (imported for what it does)
from tests.support import delivered


@pytest.fixture(scope="session")
def _delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return delivered(tmp_path_factory.mktemp("delivered") / "repo")


@pytest.fixture
def delivered_repo(_delivered: Path, tmp_path: Path) -> Path:
    """A repository of the test's own in which the order tea was run and delivered."""
    return Path(shutil.copytree(_delivered, tmp_path / "repo"))
