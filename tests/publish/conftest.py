"""What tests of publishing begin with."""
import shutil
from pathlib import Path

import pytest

from tests.support import delivered


@pytest.fixture(scope="session")
def _delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return delivered(tmp_path_factory.mktemp("delivered") / "repo")


@pytest.fixture
def repo(_delivered: Path, tmp_path: Path) -> Path:
    """A repository of the test's own in which the order tea was run and delivered."""
    return Path(shutil.copytree(_delivered, tmp_path / "repo"))
