"""The journal checked, put right, handed on and explained, by whole commands on a repository that was run."""
import json
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import encode
from platform.ledger.rules.body import body_of
from platform.ledger.rules.credit import topup
from platform.model.digest import canonical_json
from platform.model.entry import Post, PostType
from tests.support import command, rows


@pytest.fixture
def repo(delivered_repo: Path) -> Path:
    return delivered_repo


def ledger(repo: Path, words: str) -> subprocess.CompletedProcess[str]:
    return command(repo, f"python -m platform.cli ledger {words}")


def test_a_sound_state_is_verified_and_nothing_is_changed(repo: Path) -> None:
    state = repo / ".billing-state"
    before = {path.name: path.read_bytes() for path in state.iterdir()}
    done = ledger(repo, "verify --json")
    assert (done.returncode, done.stderr) == (0, "")
    verdict = json.loads(done.stdout)
    assert (verdict["posts"], verdict["balances"], verdict["findings"]) == (len(before[
        "journal.csv"].splitlines()) - 1, {"tenant": 86}, [])
    assert {path.name: path.read_bytes() for path in state.iterdir()} == before


def test_a_changed_amount_in_the_journal_is_13_with_its_line_and_no_rebuild(repo: Path) -> None:
    journal = repo / ".billing-state" / "journal.csv"
    damaged = journal.read_bytes().replace(b'""amount_credits"":100', b'""amount_credits"":900')
    assert damaged != journal.read_bytes()
    journal.write_bytes(damaged)
    for words in ("verify", "fsck", "fsck --rebuild"):
        done = ledger(repo, words)
        assert done.returncode == 13
        assert ".billing-state/journal.csv:2: does not match its hash" in done.stdout + done.stderr
    assert journal.read_bytes() == damaged


@pytest.mark.slow
def test_a_changed_projection_is_reported_until_it_is_made_again(repo: Path) -> None:
    file = repo / ".billing-state" / "transactions.csv"
    right = file.read_bytes()
    file.write_bytes(right.replace(b"tenant,", b"nobody,", 1))
    for words in ("verify", "fsck"):
        done = ledger(repo, words)
        assert done.returncode == 13
        assert ".billing-state/transactions.csv:2: differs from the journal" in done.stdout
    done = ledger(repo, "fsck --rebuild")
    assert (done.returncode, done.stdout.splitlines()) == (
        0, [".billing-state/transactions.csv: rebuilt", "1 file rebuilt from the journal"])
    assert file.read_bytes() == right
    assert ledger(repo, "verify").returncode == 0


def test_projections_that_a_crash_left_behind_are_no_finding(repo: Path) -> None:
    state = repo / ".billing-state"
    (state / "state_manifest.json").unlink()
    file = state / "transactions.csv"
    file.write_bytes(file.read_bytes()[:150])
    assert ledger(repo, "verify").returncode == 0


def test_beancount_takes_the_export_and_sums_the_same(repo: Path, tmp_path: Path) -> None:
    book = tmp_path / "credits.beancount"
    book.write_text(ledger(repo, "export --format beancount").stdout)
    check = [str(Path(sys.executable).with_name("bean-check")), str(book)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "balance Liabilities:Credits:Ntenant -86 CREDIT" in book.read_text()
    book.write_text(book.read_text().replace("  100 CREDIT", "  101 CREDIT"))
    assert subprocess.run(check, capture_output=True, text=True, check=False).returncode == 1


def test_tables_and_json_lines_hold_every_credit(repo: Path, tmp_path: Path) -> None:
    table = tmp_path / "export.csv"
    table.write_text(ledger(repo, "export").stdout)
    assert sum(int(row["amount_credits"]) for row in rows(table)) == 86
    assert rows(table)[-1]["balance_credits"] == "86"
    posts = [json.loads(line) for line in ledger(repo, "export --format jsonl --tenant-id tenant").stdout.splitlines()]
    assert sum(post["amount_credits"] for post in posts) == 86
    assert ledger(repo, "export --tenant-id nobody").returncode == 2


def test_every_credit_of_a_run_is_explained(repo: Path) -> None:
    done = ledger(repo, "audit")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 unexplained")


def test_another_price_list_does_not_explain_what_was_charged(repo: Path) -> None:
    prices = repo / "config" / "module_prices.csv"
    lines = [line.replace("say,said,2", "say,said,3") for line in prices.read_text().splitlines()]
    prices.write_text("\n".join(lines) + "\n")
    done = ledger(repo, "audit --json")
    assert done.returncode == 1
    wrong = json.loads(done.stdout)["unexplained"]
    assert [(row["amount_credits"], row["why"]) for row in wrong] == [
        (-2, "the price of say said from 2026-01-01 was 2 credits and was edited to 3 credits: restore the row, and "
             "add another for a new price")]


def test_work_of_an_earlier_version_of_an_order_is_named_so_and_explained(repo: Path) -> None:
    order = repo / "tenants" / "tenant" / "workorders" / "tea.yml"
    order.write_text(order.read_text().replace("text: tea", "text: coffee"))
    done = ledger(repo, "audit --json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["items"]["earlier version of the order"] > 0


def test_no_state_is_14_and_none_is_made(tmp_path: Path, repo: Path) -> None:
    shutil.rmtree(repo / ".billing-state")
    assert ledger(repo, "verify").returncode == 14
    assert not (repo / ".billing-state").exists()


@pytest.mark.slow
@pytest.mark.parametrize("levels", [65, 978, 5000])
def test_metadata_that_are_nested_too_deep_are_one_line_for_every_reader(repo: Path, levels: int) -> None:
    with closing(Ledger.open(repo / ".billing-state")) as journal:
        seq, head = journal.book.seq, list(journal.records())[-1].hash
        with pytest.raises(ValueError, match="nested deeper than 64"):
            journal.post(lambda book: [Post("topup:deep", "topup", "tenant", PostType.TOPUP, 5, metadata=nested(65))])
    body = canonical_json(body_of(topup("tenant", 5, "wire", "deep"))).replace(
        b'"deep"', b'{"a":' * (levels - 1) + b"1" + b"}" * (levels - 1))
    line, _ = encode(seq + 1, "2026-11-24T12:00:00Z", topup("tenant", 5, "wire", "deep"), body, head)
    with (repo / ".billing-state" / "journal.csv").open("ab") as file:
        file.write(line)
    for words in ("python -m platform.cli ledger verify", "python -m platform.cli ledger audit", "doit run state"):
        done = command(repo, words)
        told = done.stdout + done.stderr
        refused = re.findall(r"journal\.csv:\d+: (?:is nested deeper|has a body)", told)
        assert (done.returncode, len(refused)) == (13, 1), told
        assert "Traceback" not in told


def nested(levels: int) -> dict[str, object]:
    deep: dict[str, object] = {}
    for _ in range(levels):
        deep = {"a": deep}
    return deep


def test_an_order_that_is_nested_without_end_is_refused_in_one_line(repo: Path) -> None:
    (repo / "tenants" / "tenant" / "workorders" / "deep.yml").write_text(
        f"work_order_id: deep\nmetadata: {'{a: ' * 900}1{'}' * 900}\nsteps: []\n")
    done = command(repo, "python -m platform.cli consistency-validate")
    assert done.returncode == 10
    assert [line.partition(": ")[2] for line in done.stdout.splitlines() if "deep.yml" in line] == [
        "error[yaml-too-deep]: is nested deeper than 32 levels; flatten it"]


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", "[" * 100_000])
def test_a_state_manifest_that_is_none_is_one_line(repo: Path, text: str) -> None:
    (repo / ".billing-state" / "state_manifest.json").write_text(text)
    done = ledger(repo, "verify")
    assert (done.returncode, done.stdout.splitlines()[0], done.stderr) == (
        13, ".billing-state/state_manifest.json:1: is not a state manifest; restore it, nothing was changed", "")
