"""Which workspace a command works in, and the form in which its hints name commands."""
import json
from pathlib import Path

import pytest

from tests import in_process
from tests.support import command, repository

CLI = "python -m platform.cli"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "räume 1" / "repo")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    other = tmp_path / "elsewhere"
    other.mkdir()
    return other


def seen(here: Path, line: str, **environment: str) -> tuple[int, set[str], str]:
    """The exit status, the tenants of the workspace that was read, and standard error."""
    done = command(here, line, **environment)
    orders = json.loads(done.stdout)["orders"] if done.returncode == 0 else []
    return done.returncode, {order["tenant_id"] for order in orders}, done.stderr


def test_an_option_goes_before_the_variable_and_the_variable_before_the_search(
        repo: Path, elsewhere: Path, tmp_path: Path) -> None:
    other = repository(tmp_path / "other")
    (other / "tenants" / "tenant").rename(other / "tenants" / "second")
    for file in (other / "tenants" / "second").rglob("*.yml"):
        file.write_text(file.read_text().replace("tenant_id: tenant", "tenant_id: second"))
    for folder, name in ((repo, "tenant"), (other, "second")):
        (folder / "tenants" / name / "workorders").mkdir(exist_ok=True)
        (folder / "tenants" / name / "workorders" / "tea.yml").write_text(
            "work_order_id: tea\nsteps:\n"
            "  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}\n")
    below = repo / "tenants" / "tenant" / "workorders"
    assert seen(below, f"{CLI} status --json")[:2] == (0, {"tenant"})
    assert seen(below, f"{CLI} status --json", PLATFORM_ROOT="")[:2] == (0, {"tenant"})
    assert seen(below, f"{CLI} status --json", PLATFORM_ROOT=str(other))[:2] == (0, {"second"})
    assert seen(elsewhere, f"{CLI} status --json", PLATFORM_ROOT="../other")[:2] == (0, {"second"})
    assert seen(other, f"{CLI} -C '{repo}' status --json", PLATFORM_ROOT=str(other))[:2] == (0, {"tenant"})
    assert seen(elsewhere, f"{CLI} -C ../other status --json")[:2] == (0, {"second"})


@pytest.mark.parametrize(("line", "variable", "why"), [
    ("-C missing status", "", "-C missing: {}/missing is not a workspace: the directory does not exist"),
    ("-C . status", "", "-C .: {} is not a workspace: it has no dodo.py"),
    ("-C ours status", "", "-C ours: {}/ours is not a workspace: dodo.py does not import _platform_boot"),
    ("status", "missing", "PLATFORM_ROOT: {}/missing is not a workspace: the directory does not exist"),
])
def test_a_named_directory_that_is_no_workspace_is_an_error(
        elsewhere: Path, line: str, variable: str, why: str) -> None:
    (elsewhere / "ours").mkdir()
    (elsewhere / "ours" / "dodo.py").write_text("def task_theirs(): ...\n")
    done = command(elsewhere, f"{CLI} {line}", PLATFORM_ROOT=variable)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{why.format(elsewhere)}; name another directory, "
                                                           f"or create a workspace with `{CLI} init DIR`\n")


def test_outside_of_every_workspace_the_error_says_what_to_do(elsewhere: Path) -> None:
    (elsewhere / "dodo.py").write_text("def task_theirs(): ...\n")  # doit's, of another project
    done = command(elsewhere, f"{CLI} status")
    assert (done.returncode, done.stderr) == (
        2, f"{elsewhere}: not inside a workspace (no dodo.py here or above imports _platform_boot); change to one, "
           f"name one with `-C DIR`, or create one with `{CLI} init DIR`\n")


def test_a_mistyped_command_after_the_option_is_still_named(elsewhere: Path) -> None:
    done = command(elsewhere, f"{CLI} -C quote statsu")
    assert (done.returncode, done.stderr) == (2, f"{CLI} has no command 'statsu'; did you mean status?\n")
    done = command(elsewhere, f"{CLI} -C")
    assert (done.returncode, "argument -C: expected one argument" in done.stderr) == (2, True)


@pytest.mark.slow
def test_files_that_people_name_are_relative_to_where_they_are(repo: Path, elsewhere: Path) -> None:
    (repo / "tenants/tenant/workorders").mkdir(exist_ok=True)
    (repo / "tenants/tenant/workorders/tea.yml").write_text(
        "work_order_id: tea\nsteps:\n"
        "  - {step_id: one, module_id: say, kind: transform, inputs: {text: tea}}\n")
    named = f"{CLI} -C '{repo}'"
    for line in ("quote tenant/tea --save bill.json", "orchestrator --quote bill.json",
                 "ledger keygen key.pem", "statement --tenant-id tenant --html page.html"):
        done = command(elsewhere, f"{named} {line}")
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert sorted(path.name for path in elsewhere.iterdir()) == ["bill.json", "key.pem", "page.html"]
    assert (repo / "runtime").is_dir()


def test_doit_refuses_a_workspace_that_the_variable_does_not_name(repo: Path, elsewhere: Path) -> None:
    done = command(repo, "doit list", PLATFORM_ROOT=str(elsewhere))
    assert (done.returncode, done.stderr) == (
        2, f"PLATFORM_ROOT names {elsewhere}, and doit reads {repo}/dodo.py; change to {elsewhere}, or unset "
           "PLATFORM_ROOT\n")
    assert command(repo, "doit list", PLATFORM_ROOT=str(repo)).returncode == 0


@pytest.mark.parametrize(("program", "form"), [("/usr/bin/platform", "platform"), ("platform", "platform"),
                                               ("/x/platform/cli.py", CLI), ("/x/bin/doit", CLI)])
def test_hints_have_the_form_in_which_the_tool_was_called(repo: Path, program: str, form: str) -> None:
    environment = in_process.os.environ | {}
    done = in_process.run(in_process.cli, [program, "new", "tenant", "--name", "Ferry"], repo, environment)
    assert done.stdout.splitlines()[-1].startswith(f"next: {form} new workorder --tenant-id ")
    done = in_process.run(in_process.cli, [program, "status", "--jsn"], repo, environment)
    assert done.stderr == f"{form} status has no option --jsn; did you mean --json?\n"
