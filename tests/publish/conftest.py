"""What tests of publishing begin with."""
from pathlib import Path

import pytest


@pytest.fixture
def repo(delivered_repo: Path) -> Path:
    return delivered_repo
