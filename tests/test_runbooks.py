"""docs/runbooks.md is true: each exit status is made to happen, the commands that look end as the page says, and after
what the page asks of a person its last commands all end with 0."""
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import support
from tests.support import ROOT

PAGE = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
SECTIONS = {int(section.split()[0]): section for section in PAGE.split("\n## ")[1:]}
CHECKLIST = (ROOT / "docs" / "release_checklist.md").read_text(encoding="utf-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return support.checkout(tmp_path / "checkout", leave_out="tests/")


def shell(checkout: Path, line: str, **environment: str) -> tuple[int, str]:
    """A line as a person types it, with this virtual environment in front and the checkout's own package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    env = {**kept, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(checkout)}
    done = subprocess.run(["bash", "-c", line], cwd=checkout, env={**env, **environment}, capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text(), path
    path.write_text(path.read_text().replace(old, new))


def ran(checkout: Path) -> None:
    status, told = shell(checkout, "doit run")
    assert status == 0, told


# Each breaks a checkout, and gives back the hand work between the two blocks of the page.
Mend = Callable[[], object]


def a_wrong_order(checkout: Path) -> Mend:
    order = checkout / "tenants/nxlkGI/workorders/UbjkpxZO.yml"
    right = order.read_text()
    edit(order, "module_id: search_images", "module_id: search_imges")
    return lambda: order.write_text(right)


def a_reference_that_was_used(checkout: Path) -> Mend:
    assert shell(checkout, "python -m platform.cli admin-topup --tenant-id nxlkGI --amount-credits 100 "
                           "--topup-method-id bank-wire --reference wire-123")[0] == 0
    return lambda: None


def a_poor_tenant(checkout: Path) -> Mend:
    edit(checkout / "config/payments.csv", ",1000,", ",10,")
    return lambda: None


def a_damaged_projection(checkout: Path) -> Mend:
    ran(checkout)
    edit(checkout / ".billing-state/transactions.csv", ",-25,", ",-2,")
    return lambda: None


def a_damaged_journal(checkout: Path) -> Mend:
    ran(checkout)
    journal = checkout / ".billing-state/journal.csv"
    right = journal.read_bytes()
    journal.write_bytes(right.replace(b"-25", b"-26", 1))
    return lambda: journal.write_bytes(right)


def nothing(checkout: Path) -> Mend:
    return lambda: None


def a_suspended_tenant(checkout: Path) -> Mend:
    tenant = checkout / "tenants/nxlkGI/tenant.yml"
    right = tenant.read_text()
    tenant.write_text(f"{right}status: suspended\n")
    return lambda: tenant.write_text(right)


NO_ANSWER = {"GITHUB_TOKEN": "x", "GITHUB_REPOSITORY": "a/b", "GITHUB_API_URL": "http://127.0.0.1:9"}  # nobody there


@pytest.mark.slow
@pytest.mark.parametrize(("status", "broken", "prefix", "environment"), [
    (10, a_wrong_order, "", {}),
    (11, a_reference_that_was_used, "", {}),
    (12, a_poor_tenant, "", {}),
    (13, a_damaged_projection, "", {}),
    (13, a_damaged_journal, "", {}),
    (14, nothing, "", {}),
    # No file may grow beyond a KiB, which is what a full disk does to the journal. Python would leave half of a
    # compiled module there.
    (15, ran, "ulimit -f 1; ", {"PYTHONDONTWRITEBYTECODE": "1"}),
    (16, nothing, "", NO_ANSWER),
    (17, a_suspended_tenant, "", {}),
])
def test_a_runbook_leads_back_to_0(checkout: Path, status: int, broken: Callable[[Path], Mend | None], prefix: str,
                                   environment: dict[str, str]) -> None:
    look, then = re.findall(r"```bash\n(.*?)```", SECTIONS[status], re.DOTALL)
    mend = broken(checkout)
    seen = []
    for line in look.splitlines():
        expected = re.search(r"# exits with (\d+)", line)
        found, told = shell(checkout, prefix + line, **environment)
        assert found == (int(expected[1]) if expected else 0), f"{line}\n{told}"
        assert "Traceback" not in told
        seen.append(found)
    assert status in seen, "the page does not show its own status"
    if mend:
        mend()
    for line in then.splitlines():
        found, told = shell(checkout, line)
        assert found == 0, f"{line}\n{told}"


def test_every_exit_status_has_a_runbook_with_all_its_parts() -> None:
    from platform import errors

    ours = {value.exit_status for value in vars(errors).values()
            if isinstance(value, type) and issubclass(value, errors.PlatformError)}
    assert {status for status in ours if status >= 10} == set(SECTIONS) == set(range(10, 18))
    for section in SECTIONS.values():
        assert re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE) == ["You see", "It means", "Charged:"], section


NOT_RUN = {"bash .ci/run": "this test is part of it"}


@pytest.mark.slow
def test_every_command_of_the_release_checklist_ends_with_0(checkout: Path) -> None:
    commands = [line.split("  #")[0].strip() for block in re.findall(r"```bash\n(.*?)```", CHECKLIST, re.DOTALL)
                for line in block.splitlines() if line.strip()]
    assert NOT_RUN.keys() <= set(commands)
    assert len(commands) > 12
    subprocess.run("git init -q && git add . && git -c user.name=a -c user.email=a@b.test commit -qm all", shell=True,
                   cwd=checkout, check=True)
    for line in commands:
        if line not in NOT_RUN:
            status, told = shell(checkout, line)
            assert status == 0, f"{line}\n{told}"


def test_no_command_of_the_release_checklist_hides_outside_its_blocks() -> None:
    prose = re.sub(r"```.*?```", "", CHECKLIST.split("## When something is wrong")[0], flags=re.DOTALL)
    assert re.findall(r"`((?:python|doit|bash|scripts/)[^`]*)`", prose) == []
