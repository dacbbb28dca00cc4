"""What tests of whole commands begin with."""
import shutil
from pathlib import Path

import pytest

from tests.support import command, shipped


@pytest.fixture(scope="session")
def _shipped_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = shipped(tmp_path_factory.mktemp("shipped") / "repo")
    done = command(repo, "doit run")
    assert done.returncode == 0, done.stdout + done.stderr
    return repo


@pytest.fixture
def shipped_run(_shipped_run: Path, tmp_path: Path) -> Path:
    """What is shipped, after `doit run`, for the test alone."""
    return Path(shutil.copytree(_shipped_run, tmp_path / "shipped"))
