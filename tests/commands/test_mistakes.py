"""What is mistyped on a command line is told in one line, with the name that was probably meant, and ends with 2."""
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from platform import cli
from platform.app.unknown_task import nearest_order, step_hint
from platform.model.ids import OrderId
from tests.support import ROOT, TEA, command, repository


@pytest.mark.parametrize(("words", "line"), [
    (["orchestratr"], "python -m platform.cli has no command 'orchestratr'; did you mean orchestrator?"),
    (["zzzzz"], "python -m platform.cli has no command 'zzzzz'; see python -m platform.cli --help"),
    (["admin-topup", "--tenat-id", "nxlkGI"],
     "python -m platform.cli admin-topup has no option --tenat-id; did you mean --tenant-id?"),
    (["status", "--jsn"], "python -m platform.cli status has no option --jsn; did you mean --json?"),
    (["status", "--json=yes"],
     "argument --json: ignored explicit argument 'yes'; see python -m platform.cli status --help"),
    (["status", "--xyz=1"], "python -m platform.cli status has no option --xyz; see python -m platform.cli status "
     "--help"),
    (["--jsn", "status"], "python -m platform.cli has no option --jsn; see python -m platform.cli --help"),
    (["status", "more00", "x"], "unrecognized arguments: x; see python -m platform.cli --help"),
    ([], "the following arguments are required: COMMAND; see python -m platform.cli --help"),
    (["explain", "file-empti"],
     "error code 'file-empti' does not exist; "
     "did you mean file-empty or file-missing or file-name?"),
    (["explain", "zzzzz"], "error code 'zzzzz' does not exist; `explain` without a code lists all"),
    (["admin-topup", "--reference", "a\udcff"],
     "'a\\udcff' is not UTF-8; set the terminal's encoding to UTF-8 and type it again"),
])
def test_a_mistyped_command_is_told_in_one_line(words: list[str], line: str,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert capsys.readouterr().err == line + "\n"


@pytest.mark.slow
def test_who_closed_the_output_gets_the_exit_status_and_no_traceback() -> None:
    words = f"{shlex.quote(sys.executable)} -m platform.cli explain file-empty"
    for closed, status in ((">&-", 0), ("2>&-", 0), ("x >&- 2>&-", 2)):
        done = subprocess.run(["/bin/sh", "-c", f"{words} {closed}"], cwd=ROOT, capture_output=True, check=False)
        assert (done.returncode, b"Traceback" in done.stderr) == (status, False)


A, B, C = OrderId("nxlkGI", "UbjkpxZO"), OrderId("nxlkGI", "weekly"), OrderId("q7RwTz", "weekly")


@pytest.mark.parametrize(("asked", "meant"), [
    (OrderId("nxlkGI", "UbjkpxZ0"), A), (OrderId("nxlkGl", "UbjkpxZO"), A), (OrderId("q7RwTz", "wekly"), C),
    (OrderId("zzzzzz", "weekly"), None), (OrderId("nxlkGI", "zzzzzzzz"), None), (OrderId("", ""), None),
])
def test_the_order_that_was_meant_is_the_nearest_of_its_tenant(asked: OrderId, meant: OrderId | None) -> None:
    assert nearest_order(asked, {A, B, C}) == meant


def test_a_step_that_is_like_none_gets_the_names_of_all() -> None:
    assert step_hint(A, "quries", ["queries", "text"]) == "did you mean step:nxlkGI/UbjkpxZO/queries?"
    assert step_hint(A, "zzz", ["queries", "text"]) == "its steps are queries, text"
    assert step_hint(A, "zzz", []) == "see `doit run check`"


@pytest.mark.slow
def test_a_task_that_there_is_not_is_told_with_the_nearest_and_nothing_is_charged(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    orders = repo / "tenants" / "tenant" / "workorders"
    orders.mkdir()
    (orders / "tea.yml").write_text(TEA)
    (orders / "draft.yml").write_text(TEA.replace("order_id: tea", "order_id: draft\nenabled: false"))
    told = {word: command(repo, f"doit run {word}") for word in (
        "step:tenant/tea/pakage", "workorder:tenant/taa", "workorder:tenant/draft", "workorder:tenant/tea/one", "chek")}
    assert {word: done.stderr.strip() for word, done in told.items()} == {
        "step:tenant/tea/pakage": "task step:tenant/tea/pakage does not exist; "
            "did you mean step:tenant/tea/package?",
        "workorder:tenant/taa": "work order tenant/taa does not exist; did you mean workorder:tenant/tea?",
        "workorder:tenant/draft": "tenant/draft has no tasks because it is a draft; set enabled: true, and see "
                                  "`consistency-validate`",
        "workorder:tenant/tea/one": "task workorder:tenant/tea/one does not exist; write workorder:tenant/tea",
        "chek": "task or file `chek` does not exist; did you mean `check`?"}
    assert {done.returncode for done in told.values()} == {2}
    assert not list((repo / ".billing-state").glob("*.csv"))
