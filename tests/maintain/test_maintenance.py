"""Derived indexes: made of what is there, touched only when they must be, and drift is named by its row."""
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT, TEA, command, repository

TABLES = ("modules_index", "workorders_index", "module_contract_rules", "module_requirements_index", "reason_catalog",
          "tenant_relationships", "maintenance_manifest", "secrets_template")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = repository(tmp_path / "repo")
    done = command(made, "doit run maintenance")
    assert (done.returncode, written(done.stdout)) == (0, set(TABLES)), done.stderr
    return made


def written(text: str) -> set[str]:
    return set(re.findall(r"written +maintenance-state/(\w+)\.(?:csv|env)", text))


def test_what_is_shipped_is_right() -> None:
    done = command(ROOT, "python -m platform.cli maintenance --check")
    assert done.returncode == 0, done.stdout


def test_the_second_time_changes_nothing(repo: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (repo / "maintenance-state").iterdir()}
    assert written(command(repo, "doit run maintenance").stdout) == set()
    assert {path.name: path.stat().st_mtime_ns for path in (repo / "maintenance-state").iterdir()} == before


def due(repo: Path) -> set[str]:
    """The maintenance tasks that would run."""
    listed = command(repo, "doit list --all --status").stdout
    return {line.split()[1].removeprefix("maintenance:") for line in listed.splitlines()
            if line.startswith("R maintenance:")}


def test_touching_one_module_makes_what_depends_on_it_and_nothing_else(repo: Path) -> None:
    """A table is made again when a file that it is made of has other bytes; what it is over only when that moved it."""
    assert due(repo) == set()
    code, contract = repo / "modules/say/src/run.py", repo / "modules/say/module.yml"
    code.write_text(code.read_text() + "# more\n")
    assert due(repo) == {"modules_index"}
    assert written(command(repo, "doit run maintenance").stdout) == {"modules_index", "maintenance_manifest"}
    contract.write_text(contract.read_text().replace("description: ", "description: It does "))
    assert due(repo) == {"modules_index", "module_contract_rules", "module_requirements_index", "secrets_template"}
    assert written(command(repo, "doit run maintenance").stdout) == {"modules_index", "maintenance_manifest"}
    assert due(repo) == set()
    reasons = repo / "config/reasons.yml"
    reasons.write_text(reasons.read_text().replace("could not be written", "cannot be written"))
    assert due(repo) == {"reason_catalog"}


def test_drift_is_named_and_mended(repo: Path) -> None:
    table = repo / "maintenance-state/tenant_relationships.csv"
    right = table.read_bytes()
    table.write_bytes(right.replace(b"tenant,tenant", b"tenant,friend"))
    done = command(repo, "python -m platform.cli maintenance --check")
    assert done.returncode == 1
    assert ("maintenance-state/tenant_relationships.csv:2:8: error[maintenance-drift]: row tenant tenant, column "
            "consumer_tenant_id: is 'friend', should be 'tenant'; run `doit run maintenance`") in done.stdout
    told = json.loads(command(repo, "python -m platform.cli maintenance --check --json").stdout)["drift"]
    assert [(one["place"]["line"], one["code"]) for one in told] == [(2, "maintenance-drift")]
    assert written(command(repo, "doit run maintenance").stdout) == {"tenant_relationships"}
    assert table.read_bytes() == right
    assert command(repo, "python -m platform.cli maintenance --check").returncode == 0


def test_what_a_readme_says_of_refunds_is_held_against_the_reasons(repo: Path) -> None:
    readme = repo / "modules/say/README.md"
    rows = "| `external_api_error` | {} | it is down |\n| `{}` | {} | no key |\n"
    readme.write_text(rows.format("yes", "module_failed", "yes"))
    assert command(repo, "python -m platform.cli maintenance --check").returncode == 0
    readme.write_text(rows.format("no", "secrets_missing", "no"))
    done = command(repo, "python -m platform.cli maintenance --check")
    assert done.returncode == 1
    assert ("modules/say/README.md:1:26: error[readme-differs]: `external_api_error` is refunded, as "
            "config/reasons.yml says; write yes") in done.stdout
    assert "README.md:2:23: error[readme-differs]: the module cannot give `secrets_missing`" in done.stdout


def test_a_missing_table_is_drift(repo: Path) -> None:
    (repo / "maintenance-state/reason_catalog.csv").unlink()
    done = command(repo, "python -m platform.cli maintenance --check")
    assert (done.returncode, "reason_catalog.csv:1:1: error[maintenance-drift]: is missing" in done.stdout) == (1, True)


def test_nothing_is_made_of_what_is_wrong(repo: Path) -> None:
    (repo / "config/reasons.yml").write_text("reasons: 3\n")
    before = (repo / "maintenance-state/reason_catalog.csv").read_bytes()
    done = command(repo, "doit run maintenance")
    assert (done.returncode, (repo / "maintenance-state/reason_catalog.csv").read_bytes()) == (10, before)


def test_the_template_has_every_secret_once_and_no_value(repo: Path) -> None:
    template = (repo / "maintenance-state/secrets_template.env").read_text()
    names = [line for line in template.splitlines() if line and not line.startswith("#")]
    assert names == ["GITHUB_TOKEN=", "GOOGLE_SEARCH_API_KEY=", "GOOGLE_SEARCH_ENGINE_ID=", "SMTP_PASSWORD="]
    assert "# optional secret of module deliver_email: The password for delivery.email.username" in template
    assert "# secret of profile dev_github: " in template and "\n# GOOGLE_SEARCH_BASE_URL=\n" in template
    profile = repo / "config/runtime_profile.staging.yml"
    profile.write_text("profile_id: staging\nrelease_store: {type: github, token_env: STAGING_TOKEN}\n")
    assert written(command(repo, "doit run maintenance").stdout) == {"secrets_template", "maintenance_manifest"}
    assert "\nSTAGING_TOKEN=\n" in (repo / "maintenance-state/secrets_template.env").read_text()
    profile.write_text("profile_id: 3\n")
    done = command(repo, "python -m platform.cli maintenance --check")
    assert (done.returncode, "config/runtime_profile.staging.yml:1:13: error" in done.stderr) == (10, True)


def test_code_that_changed_under_the_same_version_is_a_warning_until_the_index_has_it(repo: Path) -> None:
    code, contract = repo / "modules/say/src/run.py", repo / "modules/say/module.yml"
    line = contract.read_text().splitlines().index("version: 1.0.0") + 1
    warning = f"modules/say/module.yml:{line}:10: warning[module-changed]: the code of say changed"
    code.write_text(code.read_text() + "# more\n")
    checked = command(repo, "python -m platform.cli consistency-validate")
    assert (checked.returncode, warning in checked.stdout) == (0, True)
    checked = command(repo, "python -m platform.cli maintenance --check", GITHUB_ACTIONS="true")
    assert checked.returncode == 1 and f"::warning file=modules/say/module.yml,line={line}" in checked.stdout
    done = command(repo, "doit run maintenance")
    assert (done.returncode, warning in done.stdout) == (0, True)
    assert "module-changed" not in command(repo, "doit run maintenance").stdout
    contract.write_text(contract.read_text().replace("version: 1.0.0", "version: 1.1.0"))
    assert "module-changed" not in command(repo, "doit run maintenance").stdout


def test_since_a_commit_the_warning_is_seen_where_the_index_is_right_already(repo: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t.example", *words], cwd=repo, check=True,
                       capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "before")
    code = repo / "modules/say/src/run.py"
    code.write_text(code.read_text() + "# more\n")
    assert command(repo, "doit run maintenance").returncode == 0
    assert "module-changed" not in command(repo, "python -m platform.cli maintenance --check").stdout
    done = command(repo, "python -m platform.cli maintenance --check --since HEAD")
    assert (done.returncode, "warning[module-changed]: the code of say changed" in done.stdout) == (0, True)
    git("rm", "-q", "--cached", "maintenance-state/modules_index.csv")
    git("commit", "-qm", "without an index")
    assert "module-changed" not in command(repo, "python -m platform.cli maintenance --check --since HEAD").stdout
    for commit in ("nowhere", "--output=x"):
        done = command(repo, f"python -m platform.cli maintenance --check --since={commit}")
        assert (done.returncode, "not a commit" in done.stderr) == (2, True)


WORKFLOW = """name: orchestrator  # \u2713 every other byte stays
on:
  workflow_dispatch:
    inputs:
      order:
        type: choice
        options:
          - all
          # maintenance:begin workorders
          - "gone/order"
          # maintenance:end workorders
      method: {type: string}\t
"""


def test_choices_in_a_workflow_are_kept_right_and_nothing_else_of_it(repo: Path) -> None:
    folder = repo / ".github/workflows"
    folder.mkdir(parents=True)
    plain = b"name: ci\r\non: push\r\n"
    (folder / "ci.yml").write_bytes(plain)
    (folder / "orchestrator.yml").write_bytes(WORKFLOW.encode())
    (repo / "tenants/tenant/workorders").mkdir()
    (repo / "tenants/tenant/workorders/tea.yml").write_text(TEA)
    (repo / "tenants/tenant/workorders/draft.yml").write_text("work_order_id: draft\nenabled: false\nsteps: []\n")
    done = command(repo, "python -m platform.cli maintenance --check")
    assert (".github/workflows/orchestrator.yml:10:14: error[maintenance-drift]: is '          - \"gone/order\"', "
            "should be '          - \"tenant/tea\"'") in done.stdout
    assert due(repo) == {"workorders_index", "workflows/orchestrator.yml"}
    done = command(repo, "doit run maintenance")
    assert "written      .github/workflows/orchestrator.yml" in done.stdout
    assert (folder / "orchestrator.yml").read_bytes() == WORKFLOW.replace("gone/order", "tenant/tea").encode()
    assert ((folder / "ci.yml").read_bytes(), due(repo)) == (plain, set())
    assert command(repo, "python -m platform.cli maintenance --check").returncode == 0


def test_wrong_markers_stop_the_workflow_with_their_line(repo: Path) -> None:
    folder = repo / ".github/workflows"
    folder.mkdir(parents=True)
    text = WORKFLOW.replace("          # maintenance:end workorders\n", "")
    (folder / "orchestrator.yml").write_text(text)
    place = ".github/workflows/orchestrator.yml:9:1: error[maintenance-marker]: the list workorders begins here"
    cli = "python -m platform.cli maintenance"
    for line in ("doit run maintenance", cli, f"{cli} --check"):
        done = command(repo, line)
        assert (done.returncode, place in done.stdout + done.stderr) == (10, True), line
    assert (folder / "orchestrator.yml").read_text() == text
    assert command(repo, "doit list --all").returncode == 0
