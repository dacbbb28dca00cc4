"""No task and no command succeeds on an input that it could not read."""
import shutil
from pathlib import Path

import pytest

from tests.support import command, repository, rows

CLI = "python -m platform.cli"
TOPUP = f"{CLI} admin-topup --tenant-id tenant --topup-method-id bank-wire --amount-credits 5 --reference r"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repository(tmp_path / "repo")


@pytest.mark.parametrize("content", [b"", b"not,a,header\n", b"\xff\xfe\n", None])
@pytest.mark.parametrize("line", ["doit run state", f"{CLI} reconcile-payments", TOPUP])
def test_payments_that_cannot_be_read_stop_what_reads_them(repo: Path, content: bytes | None, line: str) -> None:
    file = repo / "config" / "payments.csv"
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    done = command(repo, line)
    assert (done.returncode, "Traceback" in done.stderr) == (10, False), done.stdout + done.stderr
    assert "config/payments.csv:1:" in done.stdout + done.stderr
    assert rows(repo / ".billing-state" / "transactions.csv") == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", None])
@pytest.mark.parametrize("line", ["doit run state", "doit run", f"{CLI} reconcile-payments"])
def test_payments_wait_for_the_methods_that_they_name(repo: Path, content: bytes | None, line: str) -> None:
    file = repo / "config" / "topup_methods.csv"
    good = file.read_bytes()
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    for _ in range(2):
        done = command(repo, line)
        assert (done.returncode, "Traceback" in done.stderr) == (10, False), done.stdout + done.stderr
        assert "config/topup_methods.csv:1:" in done.stdout + done.stderr
        assert rows(repo / ".billing-state" / "transactions.csv") == []
    if content is None:
        file.rmdir()
    file.write_bytes(good)
    assert command(repo, line).returncode == 0
    assert [row["amount_credits"] for row in rows(repo / ".billing-state" / "transactions.csv")] == ["100"]


def test_a_row_that_is_wrong_is_told_and_stops_no_other(repo: Path) -> None:
    file = repo / "config" / "payments.csv"
    file.write_text(file.read_text() + "pay-2,tenant,bank-wire,many,wire-2,CONFIRMED,,\n")
    for _ in range(2):
        done = command(repo, "doit run state")
        assert (done.returncode, done.stdout.count("config/payments.csv:3:")) == (10, 1), done.stdout
    assert [row["amount_credits"] for row in rows(repo / ".billing-state" / "transactions.csv")] == ["100"]


@pytest.mark.parametrize("name", ["module_prices.csv", "promotions.csv", "topup_methods.csv", "payments.csv",
                                  "reasons.yml"])
def test_an_audit_of_tables_that_cannot_be_read_is_no_audit(repo: Path, name: str) -> None:
    assert command(repo, "doit run state").returncode == 0
    (repo / "config" / name).write_bytes(b"\xff\n")
    done = command(repo, f"{CLI} ledger audit")
    assert (done.returncode, done.stdout) == (10, ""), done.stdout + done.stderr
    assert f"config/{name}:1:" in done.stderr


@pytest.mark.parametrize(("name", "line"), [
    ("config/runtime_profile.yml", "doit run state"), ("config/runtime_profile.yml", TOPUP),
    ("config/runtime_profile.yml", f"{CLI} state publish"), ("config/runtime_profile.yml", f"{CLI} reconcile-payments"),
    ("config/topup_methods.csv", TOPUP), ("tenants/tenant/tenant.yml", TOPUP),
    ("tenants/tenant/tenant.yml", f"{CLI} statement --tenant-id tenant"),
    ("config/module_prices.csv", f"{CLI} quote"),
])
def test_a_command_is_told_what_it_could_not_read(repo: Path, name: str, line: str) -> None:
    shutil.copytree(Path(__file__).parent.parent / "cases" / "first_run_and_second" / "repo", repo, dirs_exist_ok=True)
    assert command(repo, "doit run state").returncode == 0
    (repo / name).write_bytes(b"\xff\n")
    done = command(repo, line)
    assert (done.returncode, "Traceback" in done.stderr) == (10, False), done.stdout + done.stderr
    assert f"{name}:1:" in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["payments", "topup_methods", "tenants", "promotions", "module_prices"])
def test_a_table_that_is_missing_is_one_that_cannot_be_read(repo: Path, name: str) -> None:
    (repo / "config" / f"{name}.csv").unlink()
    for line in ("doit run", "doit run state", f"{CLI} reconcile-payments", f"{CLI} consistency-validate"):
        if line.endswith(("state", "payments")) and name not in ("payments", "topup_methods"):
            continue
        done = command(repo, line)
        assert (done.returncode, "Traceback" in done.stderr) == (10, False), (line, done.stdout + done.stderr)
        assert f"config/{name}.csv:1:" in done.stdout + done.stderr, line


@pytest.mark.parametrize("content", [b"reasons: [", None])
def test_no_refund_is_decided_by_reasons_that_cannot_be_read(repo: Path, content: bytes | None) -> None:
    file = repo / "config" / "reasons.yml"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    for _ in range(2):
        done = command(repo, "doit run state")
        assert (done.returncode, "config/reasons.yml:" in done.stdout) == (10, True), done.stdout + done.stderr
    assert rows(repo / ".billing-state" / "transactions.csv") == []


def test_what_only_looks_says_that_the_profile_cannot_be_read(repo: Path) -> None:
    assert command(repo, "doit run state").returncode == 0
    (repo / "config" / "runtime_profile.yml").write_text("profile_id: [\n")
    for line in ("status", "statement --tenant-id tenant", "ledger verify", "ledger audit", "ledger export"):
        done = command(repo, f"{CLI} {line}")
        assert (done.returncode, "config/runtime_profile.yml:" in done.stderr) == (10, True), (line, done.stderr)


def test_a_run_names_the_file_that_is_wrong_and_no_other(repo: Path) -> None:
    profile = repo / "config" / "runtime_profile.yml"
    profile.write_text(profile.read_text().replace("sandbox: auto", "sandbox: bogus"))
    done = command(repo, "doit run")
    assert done.returncode == 10, done.stdout + done.stderr
    assert "config/runtime_profile.yml: invalid, see above; nothing was posted" in done.stdout
    assert "config/payments.csv" not in done.stdout + done.stderr
