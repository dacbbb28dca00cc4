"""The tool's own files in a checkout and in a workspace elsewhere, and what an operator adds to them."""
import json
import tomllib
from pathlib import Path

import pytest

from platform import toolfiles
from platform.config.load import load_profile, load_repo
from platform.files import Digests
from platform.model.repo import Repo
from tests.support import ROOT, command, repository, workspace

OWN_REASON = ('reasons:\n  - {slug: out_of_paper, scope: global, category: external, refundable: false, '
              'description: "The printer is empty."}\n')


def read(folder: Path) -> Repo:
    profile, _ = load_profile(folder, folder / "config" / "runtime_profile.yml")
    return load_repo(folder, profile, Digests())


def test_a_checkout_has_them_at_its_top_level(tmp_path: Path) -> None:
    assert (toolfiles.HOME, toolfiles.SCHEMAS, toolfiles.MODULES) == (ROOT, ROOT / "schemas", ROOT / "modules")
    assert toolfiles.is_checkout(ROOT)
    assert toolfiles.is_checkout(repository(tmp_path / "copy"))
    assert not toolfiles.is_checkout(workspace(tmp_path / "theirs"))


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert toolfiles.version() == project["version"]


def test_a_workspace_without_reasons_has_the_tools(tmp_path: Path) -> None:
    repo = read(workspace(tmp_path / "shop"))
    assert repo.reasons == read(ROOT).reasons
    assert not [str(problem) for problem in repo.problems if "reasons" in problem.place.file]


def test_a_workspaces_reasons_add_to_the_tools_and_go_before_them(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "shop")
    (folder / "config" / "reasons.yml").write_text(
        OWN_REASON
        + "  - {slug: timed_out, scope: global, category: platform, refundable: false, description: Slow.}\n")
    reasons = read(folder).reasons
    assert not reasons.refundable("out_of_paper")
    assert not reasons.refundable("timed_out")
    assert reasons.by_slug["bad_input_format"] == read(ROOT).reasons.by_slug["bad_input_format"]


def test_a_wrong_table_of_reasons_stops_a_workspace(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "shop")
    (folder / "config" / "reasons.yml").write_text("reasons: [{slug: 3}]\n")
    found = [problem for problem in read(folder).problems if problem.place.file == "config/reasons.yml"]
    assert found
    assert {problem.subject for problem in found} == {()}


@pytest.mark.parametrize("line", ["consistency-validate --json", "quote --json", "runtime-print"])
def test_commands_need_no_schemas_or_reasons_in_a_workspace(tmp_path: Path, line: str) -> None:
    done = command(workspace(tmp_path / "shop"), f"python -m platform.cli {line}")
    assert "Traceback" not in done.stderr
    assert "reasons.yml" not in done.stdout + done.stderr
    if "--json" in line:
        json.loads(done.stdout)
