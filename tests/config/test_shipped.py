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


def test_a_schema_that_a_file_names_for_its_editor_is_there():
    mark = "# yaml-language-server: $schema="
    named = [(path, line.removeprefix(mark)) for folder in ("tenants", "modules", "config")
             for path in sorted(ROOT.glob(f"{folder}/**/*.yml")) for line in path.read_text().splitlines()[:2]
             if line.startswith(mark)]
    assert named
    assert [str(path) for path, schema in named if not (path.parent / schema).resolve().is_file()] == []
