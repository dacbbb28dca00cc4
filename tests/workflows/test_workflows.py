"""The workflows pass what CI runs on them, and each file of bad/ is refused by the same command, by the checks that are
named here: three that others wrote, and rules of our own."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from platform.verify.workflows import GRANTS
from tests.support import ROOT, command

CHECKS = ("schema", "actionlint", "zizmor", "rules")
BAD = {  # what refuses each file
    "all_secrets": "zizmor rules",
    "cancels_what_waits": "actionlint",
    "hides_behind_our_command": "rules",
    "input_in_a_shell_line": "zizmor rules",
    "job_writes": "zizmor rules",
    "keeps_credentials": "zizmor rules",
    "mistyped": "schema actionlint zizmor",
    "never_ends": "rules",
    "no_permissions": "zizmor rules",
    "prints_a_secret": "zizmor rules",
    "runs_a_forks_code": "zizmor rules",
    "runs_after_a_fork": "zizmor rules",
    "secret_for_a_whole_job": "rules",
    "secret_for_a_container": "rules",
    "sends_a_secret_away": "rules",
    "shell_for_all": "rules",
    "shell_of_its_own": "rules",
    "title_in_a_shell_line": "actionlint zizmor rules",
    "token_for_anothers_action": "rules",
    "unknown_action": "rules",
    "unpinned_action": "zizmor rules",
    "writes_everything": "zizmor rules",
}
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent

needs_the_tools = pytest.mark.skipif(
    not all((BIN / tool).exists() for tool in ("check-jsonschema", "actionlint", "zizmor")),
    reason="check-jsonschema, actionlint and zizmor are not installed: pip install -e '.[lint]'")


def check(*files: Path) -> tuple[int, set[str], str]:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "check_workflows", *files], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    return done.returncode, set(re.findall(r"^(\w+).* refuses:$", done.stdout, re.MULTILINE)), done.stdout + done.stderr


def steps(name: str) -> list[dict[str, str]]:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return [step for job in document["jobs"].values() for step in job["steps"]]


@needs_the_tools
def test_a_file_that_is_not_there_is_named() -> None:
    assert check(Path("nowhere.yml"))[::2] == (2, f"{ROOT / 'nowhere.yml'}: is no file; name a workflow or an "
                                                  "action.yml\n")


@pytest.mark.slow
@needs_the_tools
def test_what_is_shipped_is_safe() -> None:
    assert check() == (0, set(), f"{len(WORKFLOWS) + 1} files: safe to have\n")


@pytest.mark.slow
@needs_the_tools
@pytest.mark.parametrize("name", BAD)
def test_a_bad_workflow_is_refused(name: str) -> None:
    status, refused, told = check(ROOT / "tests" / "workflows" / "bad" / f"{name}.yml")
    assert (status, refused & set(CHECKS)) == (1, set(BAD[name].split())), told


def test_every_bad_file_is_in_the_table() -> None:
    assert {file.stem for file in (ROOT / "tests" / "workflows" / "bad").glob("*.yml")} == set(BAD)


@pytest.mark.parametrize("line", ["scripts/check_workflows", "scripts/ci_verify.py --phase e2e"])
def test_ci_looks_at_the_workflows_and_audits_what_the_shipped_tenants_are_charged(line: str) -> None:
    assert f".venv/bin/python {line}" in (ROOT / ".ci" / "run").read_text().replace("    ", "").splitlines()


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    assert check(ROOT / "nowhere.yml")[0] == 2


def test_e2e_verify_is_the_readmes_sequence() -> None:
    long = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[-1]
    lines = [line.split("  #")[0].strip() for line in long.splitlines() if line.strip()]
    first, last = (next(i for i, line in enumerate(lines) if words in line) for words in ("consistency", "idempotency"))
    ran = [" ".join(step["run"].split()) for step in steps("e2e-verify") if "run" in step]
    assert ran == ["python -m pip install -r requirements.txt", *lines[first:last + 1]]


def test_every_grant_is_used() -> None:
    used = {(file.stem, name): {scope for scope, level in job["permissions"].items() if level == "write"}
            for file in WORKFLOWS for name, job in yaml.safe_load(file.read_text())["jobs"].items()
            if "permissions" in job}
    assert used == GRANTS


@pytest.mark.parametrize("name", ["orchestrator", "publish", "admin-topup"])
def test_the_state_is_published_also_when_an_order_failed_and_never_when_it_was_not_hydrated(name: str) -> None:
    made = [step for step in steps(name) if "run" in step]
    publish = next(step for step in made if " state publish " in step["run"])
    assert publish["if"] == "always() && steps.hydrate.outcome == 'success'"
    assert made.index(publish) > max(made.index(step) for step in made if "orchestrator" in step["run"]
                                     or "admin-topup" in step["run"] or "publish_artifacts" in step["run"])
    assert next(step for step in made if step.get("id") == "hydrate")["run"].startswith(
        "python -m platform.cli state hydrate ")


@pytest.mark.parametrize(("name", "place"), [("orchestrator", "orders"), ("publish", "publish"), ("admin-topup", "")])
def test_nothing_that_waits_for_money_is_ever_cancelled(name: str, place: str) -> None:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    queue = (document["jobs"][place] if place else document)["concurrency"]
    assert (queue["cancel-in-progress"], queue["queue"]) == (False, "max")


LISTED = "workorder                   \nworkorder:aaaaaa/tea   \nworkorder:bbbbbb/cup   \nworkorder:aaaaaa/cup   \n"


def matrix(words: str, listed: str = LISTED) -> tuple[int, str]:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "order_matrix.py", *words.split()], input=listed,
                          capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "80"})
    return done.returncode, done.stdout or done.stderr


@pytest.mark.parametrize("words", ["", "--tenant-id all --work-order all", "--tenant-id= --work-order="])
def test_a_matrix_has_a_leg_for_each_tenant(words: str) -> None:
    status, told = matrix(words)
    assert (status, told.partition("=")[0]) == (0, "legs")
    assert json.loads(told.partition("=")[2]) == [{"tenant_id": "aaaaaa", "work_order_id": ""},
                                                  {"tenant_id": "bbbbbb", "work_order_id": ""}]


@pytest.mark.slow
def test_a_matrix_of_one_tenant_or_one_order_has_one_leg() -> None:
    assert matrix("--tenant-id bbbbbb")[1] == 'legs=[{"tenant_id": "bbbbbb", "work_order_id": ""}]\n'
    assert matrix("--tenant-id bbbbbb --work-order aaaaaa/cup")[1] == (
        'legs=[{"tenant_id": "aaaaaa", "work_order_id": "cup"}]\n')


def test_where_no_order_is_enabled_there_is_no_leg() -> None:
    assert matrix("", "workorder\n") == (0, "legs=[]\n")


@pytest.mark.parametrize("words", ["--tenant-id cccccc", "--work-order aaaaaa/mug", "--work-order aaaaaa", "--more"])
def test_what_is_not_listed_is_a_usage_error(words: str) -> None:
    status, told = matrix(words)
    assert (status, told.count("\n")) == (2, 1)


@pytest.mark.slow
def test_more_tenants_than_a_matrix_has_jobs_are_refused() -> None:
    many = "".join(f"workorder:{number:06}/tea\n" for number in range(257))
    assert matrix("", many)[0] == 2
    assert len(json.loads(matrix("", many.partition("\n")[2])[1].partition("=")[2])) == 256


def test_a_clock_makes_legs_for_tenants_with_a_schedule_only() -> None:
    assert matrix("--scheduled", "workorder:nxlkGI/UbjkpxZO\n") == (0, "legs=[]\n")


def test_the_matrix_of_what_is_shipped() -> None:
    listed = command(ROOT, "doit list --all --quiet workorder").stdout
    assert [leg["tenant_id"] for leg in json.loads(matrix("", listed)[1].partition("=")[2])] == ["nxlkGI", "q7RwTz"]
