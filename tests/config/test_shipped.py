"""What the repository ships is right: no error in any file, under any profile, and the schemas its editors are told."""
from datetime import date
from pathlib import Path

import pytest

from platform.check import check
from platform.config.load import load_profile, load_repo
from platform.files import Digests

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("profile_file", sorted(ROOT.glob("config/runtime_profile*.yml")), ids=lambda path: path.stem)
def test_the_shipped_files_have_no_error(profile_file):
    profile, problems = load_profile(ROOT, profile_file)
    found = (*problems, *check(load_repo(ROOT, profile, Digests()), date(2026, 11, 24)))
    assert [str(problem) for problem in found if not problem.warning] == []


def test_every_yaml_file_names_its_schema_for_editors_and_that_is_there():
    mark = "# yaml-language-server: $schema="
    files = [path for folder in ("tenants", "modules", "config") for path in sorted(ROOT.glob(f"{folder}/**/*.yml"))]
    first = {path: path.read_text().partition("\n")[0] for path in files}
    assert len(files) > 10
    assert [str(path) for path, line in first.items() if not line.startswith(mark)
            or not (path.parent / line.removeprefix(mark)).resolve().is_file()] == []
