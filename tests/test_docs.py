"""The documentation builds as a site, without a warning."""
import subprocess
import sys

import pytest

from tests.support import ROOT


@pytest.mark.slow
def test_the_site_builds_without_a_warning() -> None:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed")
    done = subprocess.run([sys.executable, ROOT / "scripts" / "build_docs"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "build" / "site" / "index.html").is_file()
