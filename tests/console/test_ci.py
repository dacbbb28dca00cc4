"""In GitHub Actions a run says its problems as annotations and leaves a summary; anywhere else it does neither."""
from pathlib import Path

import pytest

from tests.support import TEA, command, repository

BROKEN = """work_order_id: broken
enabled: "yes, 100%"
steps: []
"""
SHOUTING = '''def run(params, outputs_dir):
    print("::add-mask::tea")
    return {"status": "FAILED", "reason_slug": "module_failed", "message": "no tea\\n::error::hello | there"}
'''


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """One good order, one whose first step fails and shouts, one that is invalid, and a draft with a mistake."""
    made = repository(tmp_path / "repo")
    orders = made / "tenants" / "tenant" / "workorders"
    orders.mkdir()
    (orders / "tea.yml").write_text(TEA)
    (orders / "broken.yml").write_text(BROKEN)
    (orders / "draft.yml").write_text(BROKEN.replace("broken", "draft").replace('"yes, 100%"', "false\nmode: STRIKT"))
    bad = made / "modules" / "shout"
    (bad / "src").mkdir(parents=True)
    (bad / "src" / "run.py").write_text(SHOUTING)
    (bad / "module.yml").write_text(
        'module_id: shout\nname: Shout\nversion: "1"\nkind: transform\ndescription: Fails.\n'
        "testing: {self_test: {params: {}, expect: {status: FAILED}}}\n")
    with (made / "config" / "module_prices.csv").open("a") as prices:
        prices.write("shout,__run__,3,2026-01-01,,true,\n")
    (orders / "loud.yml").write_text("work_order_id: loud\nmetadata: {title: Very | loud}\n"
                                     "steps:\n  - {step_id: one, module_id: shout, kind: transform}\n")
    return made


ERROR = ("::error file=tenants/tenant/workorders/broken.yml,line=2,col=10,title=wrong-type::`enabled` must be true "
         "or false, not `yes, 100%25`; write true or false, without quotes")
WARNING = ("::warning file=tenants/tenant/workorders/draft.yml,line=3,col=7,title=not-allowed::`mode` cannot be "
           "`STRIKT`; did you mean `STRICT`?")


def commands_in(text: str) -> list[str]:
    """What GitHub would take for a workflow command: it strips the space before."""
    return [line for line in text.splitlines() if line.strip().startswith("::")]


def test_a_run_in_github_actions_annotates_its_problems_and_writes_a_summary(repo: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    done = command(repo, "doit run", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary),
                   GITHUB_WORKSPACE=str(repo))
    assert commands_in(done.stdout + done.stderr) == [ERROR]  # of a draft, `consistency-validate` warns
    text = summary.read_text()
    assert text.startswith("before\n### PLATFORM\n\norders: 1 COMPLETED, 2 not completed; steps: 4 ran, 1 failed; ")
    rows = [line for line in text.splitlines() if line.startswith("| tenant/")]
    assert rows[:2] == [r"| tenant/loud | FAILED module\_failed | 0 of 1 | 3 | Very \| loud |",
                        "| tenant/broken | INVALID | 0 of 0 | 0 |  |"]
    assert rows[2].startswith("| tenant/tea | COMPLETED | 4 of 4 | ")
    assert rows[3] == (r"| tenant/loud/one | FAILED | module\_failed | no tea ::error::hello \| there | "
                       "runtime/tenant/loud/one/log.txt |")
    assert rows[4].startswith(r"| tenant/broken | tenants/tenant/workorders/broken.yml:2:10: error\[wrong-type\]: ")


def test_one_order_asked_for_is_alone_in_its_summary_and_annotates_its_own_problems(repo: Path, tmp_path: Path) -> None:
    told = tmp_path / "told.md"
    done = command(repo, "doit run workorder:tenant/broken", GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(told),
                   GITHUB_WORKSPACE=str(tmp_path))
    assert done.returncode == 10
    assert commands_in(done.stdout) == [ERROR.replace("file=", "file=repo/")]
    rows = [line for line in told.read_text().splitlines() if line.startswith("| tenant/")]
    assert {line.split()[1] for line in rows} == {"tenant/broken"}


def test_consistency_validate_annotates_beside_what_it_prints(repo: Path) -> None:
    done = command(repo, "python -m platform.cli consistency-validate --json", GITHUB_ACTIONS="true",
                   GITHUB_WORKSPACE=str(repo))
    assert done.stderr.splitlines() == [ERROR, WARNING]
    assert commands_in(done.stdout) == []


def test_elsewhere_nothing_of_it_is_written(repo: Path) -> None:
    for line in ("doit run check", "python -m platform.cli consistency-validate"):
        done = command(repo, line, GITHUB_ACTIONS="", GITHUB_STEP_SUMMARY="")
        assert done.returncode == 10
        assert "::" not in done.stdout + done.stderr


def test_a_summary_that_cannot_be_written_is_told_and_changes_nothing(repo: Path, tmp_path: Path) -> None:
    done = command(repo, "doit run workorder:tenant/tea", GITHUB_STEP_SUMMARY=str(tmp_path / "none" / "summary.md"))
    assert done.returncode == 0, done.stdout
    assert done.stderr.strip().endswith("summary.md: the summary cannot be written (No such file or directory)")
