"""`admin-adjust` and `admin-transfer`, and the messages that name them: a tenant with 100 credits paid in by pay-1."""
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import command, delivered, repository, rows

CLI = "python -m platform.cli"
PAYMENTS = "payment_id,tenant_id,topup_method_id,amount_credits,reference,status,received_at,note\n"
CURE = re.compile(r"`(python -m platform\.cli admin-[^`]+)`")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = repository(tmp_path_factory.mktemp("adjust") / "repo")
    other = repo / "tenants" / "other1"
    other.mkdir()
    (other / "tenant.yml").write_text("tenant_id: other1\ntenant_name: Other\n")
    assert command(repo, "doit run state").returncode == 0
    return repo


@pytest.fixture
def repo(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "repo"))


def told(repo: Path, line: str, status: int = 0) -> str:
    done = run(repo, line)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def run(repo: Path, line: str) -> subprocess.CompletedProcess[str]:
    done = command(repo, line)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def paid(repo: Path) -> str:
    """The transaction id of the first payment."""
    return rows(repo / ".billing-state" / "transactions.csv")[0]["transaction_id"]


def balances(repo: Path) -> dict[str, int]:
    return {row["tenant_id"]: int(row["credits_available"])
            for row in rows(repo / ".billing-state" / "tenants_credits.csv")}


def payment(repo: Path, row: str) -> None:
    (repo / "config" / "payments.csv").write_text(f"{PAYMENTS}{row}\n" if row else PAYMENTS)


def sound(repo: Path) -> None:
    for line in ("ledger verify", "ledger audit"):
        told(repo, f"{CLI} {line}")


ADJUST = f"{CLI} admin-adjust --tenant-id tenant --reason goodwill --note why"


@pytest.mark.slow
def test_an_adjustment_stands_in_statement_exports_and_tables(repo: Path) -> None:
    tx = paid(repo)
    line = f"{ADJUST} --amount-credits -90 --corrects {tx} --reference 'r 1' --approved-by Ann"
    said = told(repo, line)
    assert "ADJUSTMENT -90 credits for tenant" in said
    assert "balance 10 credits" in said
    assert "posted before, nothing changed; balance 10 credits" in told(repo, line)
    statement = json.loads(told(repo, f"{CLI} statement --tenant-id tenant --json"))
    last = statement["lines"][-1]
    assert (statement["adjusted_credits"], statement["closing_credits"]) == (-90, 10)
    assert (last["type"], last["kind"], last["amount_credits"], last["balance_credits"]) == (
        "ADJUSTMENT", "adjustment", -90, 10)
    assert last["words"] == f"Adjustment goodwill, reference r 1, corrects transaction {tx}, approved by Ann"
    assert "100 topped up, 0 charged, 0 refunded, -90 adjusted" in told(repo, f"{CLI} statement --tenant-id tenant")
    assert ",adjustment,ADJUSTMENT,,,,-90,10,goodwill,why," in told(repo, f"{CLI} ledger export")
    assert '"type":"ADJUSTMENT"' in told(repo, f"{CLI} ledger export --format jsonl")
    assert "1 item, -90 credits: adjustment by hand" in told(repo, f"{CLI} ledger audit")
    told(repo, f"{CLI} ledger fsck --rebuild")
    page = repo / "page.html"
    told(repo, f"{CLI} statement --tenant-id tenant --html {page}")
    assert 'id="adjusted" value="-90"' in page.read_text()
    sound(repo)


@pytest.mark.slow
def test_a_transfer_shows_to_each_tenant_its_own_side(repo: Path) -> None:
    result = json.loads(told(repo, f"{CLI} admin-transfer --from tenant --to other1 --amount-credits 40 "
                                   "--reference r --note why --json"))
    assert (result["from_balance"], result["to_balance"], result["posted"]) == (60, 40, True)
    for tenant, amount, words, tx in (
            ("tenant", -40, "Transfer to other1", result["transaction_id"]),
            ("other1", 40, "Transfer from tenant", result["to_transaction_id"])):
        of = json.loads(told(repo, f"{CLI} statement --tenant-id {tenant} --json"))
        line = of["lines"][-1]
        assert (line["amount_credits"], line["transaction_id"]) == (amount, tx)
        assert line["words"].startswith(words)
        export = told(repo, f"{CLI} ledger export --tenant-id {tenant}").splitlines()[1:]
        assert {row.split(",")[4] for row in export} == {tenant}
        assert f",transfer,ADJUSTMENT,,,,{amount}," in export[-1]
    assert balances(repo) == {"tenant": 60, "other1": 40}
    lines = (repo / ".billing-state" / "journal.csv").read_text().splitlines()
    assert len(lines) == 3, "two tenants, one line"
    sound(repo)


@pytest.mark.slow
def test_beancount_adds_up_adjustments_and_transfers(repo: Path) -> None:
    from beancount import loader

    told(repo, f"{ADJUST} --amount-credits -130 --corrects {paid(repo)} --reference r --allow-debt")
    told(repo, f"{CLI} admin-transfer --from tenant --to other1 --amount-credits 5 --reference q --note n --allow-debt")
    assert balances(repo) == {"tenant": -35, "other1": 5}
    for more in ("", " --tenant-id tenant", " --tenant-id other1"):
        _, errors, _ = loader.load_string(told(repo, f"{CLI} ledger export --format beancount{more}"))
        assert errors == [], more


@pytest.mark.slow
def test_both_sides_of_a_transfer_are_proved(repo: Path) -> None:
    public = told(repo, f"{CLI} ledger keygen key.pem")
    public = next(word for word in public.split() if len(word) == 44)
    key = (repo / "key.pem").read_text()
    result = json.loads(told(repo, f"{CLI} admin-transfer --from tenant --to other1 --amount-credits 40 "
                                   "--reference r --note why --json"))
    for name, tenant, amount in (("transaction_id", "tenant", -40), ("to_transaction_id", "other1", 40)):
        line = f"{CLI} ledger proof {result[name]} --output proof.json"
        assert command(repo, line, PLATFORM_SIGNING_KEY=key).returncode == 0
        checked = json.loads(told(repo, f"{CLI} ledger check-proof proof.json --public-key {public} --json"))
        assert (checked["post"]["tenant_id"], checked["post"]["amount_credits"],
                checked["post"]["transaction_id"]) == (tenant, amount, result[name])


@pytest.mark.parametrize(("options", "status", "words"), [
    ("--amount-credits -5 --corrects nothing", 2, "no post has the id 'nothing'"),
    ("--amount-credits -5 --corrects TX --tenant-id other1", 2, "is a transaction of tenant, not of other1"),
    ("--amount-credits -5 --corrects TX --tenant-id nobody", 2, "tenant 'nobody' does not exist"),
    ("--amount-credits 0 --corrects TX", 2, "'0' must be an integer other than 0"),
    ("--amount-credits 1_000 --corrects TX", 2, "'1_000' must be an integer"),
    ("--amount-credits -5 --corrects TX --reason timed_out", 2, "--reason 'timed_out' is not a reason of category"),
    ("--amount-credits -5 --corrects TX --note ' '", 2, "--note is empty"),
    ("--amount-credits -5 --corrects TX --reference '\u200b '", 2, "--reference is empty"),
    ("--amount-credits -101 --corrects TX", 12, "--allow-debt allows a balance below zero"),
])
def test_a_correction_that_cannot_be_is_refused(repo: Path, options: str, status: int, words: str) -> None:
    before = (repo / ".billing-state" / "journal.csv").read_bytes()
    assert words in told(repo, f"{ADJUST} --reference r {options.replace('TX', paid(repo))}", status)
    assert (repo / ".billing-state" / "journal.csv").read_bytes() == before


def follow(repo: Path, message: str) -> None:
    """Do what the message says, word by word."""
    found = CURE.findall(message)
    assert found, message
    for line in found:
        told(repo, " ".join(map(shlex.quote, shlex.split(line))))


@pytest.mark.slow
def test_a_mistaken_top_up_is_corrected_by_what_its_message_says(repo: Path) -> None:
    topup = f"{CLI} admin-topup --tenant-id tenant --topup-method-id bank-wire --reference 'wire 9'"
    told(repo, f"{topup} --amount-credits 10000")
    said = told(repo, f"{topup} --amount-credits 1000", 11)
    assert "topup was posted before with amount_credits 10000, now it says 1000" in said
    assert "--amount-credits -9000 --corrects" in said
    assert "use another reference" not in said
    follow(repo, said)
    assert balances(repo) == {"tenant": 1100}
    told(repo, f"{topup} --amount-credits 1000")
    assert balances(repo) == {"tenant": 1100}
    follow(repo, told(repo, f"{topup} --amount-credits 2000", 11))
    assert balances(repo) == {"tenant": 2100}
    sound(repo)


@pytest.mark.slow
@pytest.mark.parametrize(("row", "after"), [
    ("pay-1,other1,bank-wire,70,wire-1,CONFIRMED,2026-01-02T00:00:00Z,", {"tenant": 0, "other1": 70}),
    ("pay-1,tenant,bank-wire,100,wire-1,PENDING,2026-01-02T00:00:00Z,", {"tenant": 0}),
])
def test_a_payment_that_the_accountant_corrected_is_settled_by_what_its_message_says(
        repo: Path, row: str, after: dict[str, int]) -> None:
    payment(repo, row)
    said = told(repo, "doit run state", 11)
    told(repo, f"{CLI} ledger audit", 1)
    follow(repo, said)
    assert balances(repo) == after
    for line in ("doit run state", f"{CLI} reconcile-payments", f"{CLI} ledger audit"):
        assert "correct the ledger" not in told(repo, line)
    assert json.loads(told(repo, f"{CLI} quote --json"))["edited_payments"] == []


@pytest.mark.slow
def test_a_payment_that_was_removed_is_settled_by_what_the_audit_says(repo: Path) -> None:
    payment(repo, "")
    follow(repo, told(repo, f"{CLI} ledger audit", 1))
    assert balances(repo) == {"tenant": 0}
    sound(repo)


@pytest.mark.slow
def test_a_debt_lets_nothing_run_until_it_is_covered(tmp_path: Path) -> None:
    repo = delivered(tmp_path / "repo")
    told(repo, f"{ADJUST} --amount-credits -90 --corrects {paid(repo)} --reference r --allow-debt")
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.write_text(order.read_text().replace("text: milk", "text: lemon"))
    assert "not_enough_credits" in told(repo, "doit run", 12)
    told(repo, f"{CLI} admin-topup --tenant-id tenant --topup-method-id bank-wire --amount-credits 50 --reference w")
    told(repo, "doit run")
    sound(repo)


def test_paid_work_waits_for_a_debt_too_and_everybody_names_it(tmp_path: Path) -> None:
    repo = delivered(tmp_path / "repo")
    owed = balances(repo)["tenant"] - 140
    told(repo, f"{ADJUST} --amount-credits -140 --corrects {paid(repo)} --reference r --allow-debt")
    told(repo, "doit run")  # nothing is due: nothing waits
    shutil.rmtree(repo / "runtime" / "tenant")
    words = f"tenant owes {-owed} credits, and none of its steps runs until the debt is covered"
    cover = f"{CLI} admin-topup --tenant-id tenant --amount-credits {-owed} --topup-method-id METHOD"
    for line, status in (("doit run", 12), ("doit run 'step:tenant/tea/*'", 12), (f"{CLI} quote", 0),
                         (f"{CLI} status", 0)):
        said = told(repo, line, status)
        assert words in said and cover in said, line
    assert not list((repo / "runtime").glob("tenant/*/*/run.json"))
    assert json.loads(told(repo, f"{CLI} quote --json"))["orders"][0]["refusal"] == "not_enough_credits"
    told(repo, cover.replace("METHOD", "bank-wire") + " --reference w")
    assert "owes" not in told(repo, f"{CLI} quote") + told(repo, "doit run") + told(repo, f"{CLI} status")
    assert list((repo / "runtime").glob("tenant/*/*/run.json"))
    sound(repo)


def test_goodwill_is_not_taken_back_when_its_payment_is_corrected(repo: Path) -> None:
    told(repo, f"{ADJUST} --amount-credits 10 --corrects {paid(repo)} --reference nice")
    payment(repo, "pay-1,tenant,bank-wire,55,wire-1,CONFIRMED,,")
    said = told(repo, "doit run state", 11)
    assert "--amount-credits -45 " in said
    follow(repo, said)
    assert balances(repo)["tenant"] == 65
    told(repo, "doit run state")
    sound(repo)
