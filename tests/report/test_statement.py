"""Statements of a small journal, whose numbers can be added up by hand."""
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from msgspec import structs

from platform.check.conform import faults, validator
from platform.config.schema import schema
from platform.ledger.journal.record import Record
from platform.model.entry import Item, Post, PostType
from platform.model.ids import DELIVERY_EVIDENCE, RUN_CHARGE
from platform.report.statement import Statement, statement
from platform.report.statement_text import as_text
from tests.report.conftest import NAME, NOTE
from tests.support import command, rows

SPEND, REFUND, TOPUP = PostType.SPEND, PostType.REFUND, PostType.TOPUP


def item(step: str, amount: int, deliverable: str = RUN_CHARGE, module: str = "say", **more) -> Item:
    type_ = REFUND if amount > 0 else SPEND
    return Item(f"{type_}:{step}:{deliverable}", module, step, deliverable, type_, amount, "0" * 64, 0, **more)


def post(kind: str, type_: PostType, amount: int, *items: Item, tenant: str = "tenant", **more) -> Post:
    return Post(f"{kind}:{amount}:{tenant}", kind, tenant, type_, amount, items=items, **more)


POSTS = (
    ("2026-11-20T10:00:00Z", post("payment", TOPUP, 100, metadata={
        "payment_id": "pay-1", "topup_method_id": "bank-wire", "reference": "wire-1"})),
    ("2026-11-20T11:00:00Z", post("topup", TOPUP, 500, tenant="others", metadata={})),
    ("2026-11-21T10:00:00Z", post("charge", SPEND, -13, item("a", -5), item("a", -2, "said"),
                                  item("put", -6, module="send"), work_order_id="tea")),
    ("2026-11-22T10:00:00Z", post("refund", REFUND, 7, item("a", 5, note="timed_out"), item("a", 2, "said"),
                                  work_order_id="tea", reason_code="timed_out")),
    ("2026-11-23T23:59:59Z", post("evidence", SPEND, 0, item("put", 0, DELIVERY_EVIDENCE, "send", metadata={
        "evidence": {"provider": "folder", "remote_path": "a/b.zip", "bytes": 814, "sha256": "d" * 64,
                     "verification_status": "verified"}}), work_order_id="tea")),
    ("2026-11-24T00:00:00Z", post("charge", SPEND, -4, item("b", -4), work_order_id="cup")),
)
FACT = post("completion", SPEND, 0, work_order_id="tea", metadata={"done": {"0" * 64: 0}, "held": {}})
RECORDS = tuple(Record(number, at, f"{number:064x}", post, b"") for number, (at, post) in enumerate(POSTS, 1))


def made(*days: str) -> Statement:
    return statement(RECORDS, "tenant", "A tenant", *days)


def sums(of: Statement) -> tuple[int, ...]:
    return (of.opening_credits, of.topped_up_credits, of.charged_credits, of.refunded_credits, of.closing_credits,
            of.ledger_balance_credits)


def test_the_closing_balance_is_the_ledgers_and_everything_between_adds_up():
    whole = made()
    assert sums(whole) == (0, 100, 17, 7, 90, 90)
    assert [(line.seq, line.amount_credits, line.balance_credits) for line in whole.lines] == [
        (1, 100, 100), (3, -13, 87), (4, 7, 94), (5, 0, 94), (6, -4, 90)]
    assert (whole.journal_seq, whole.journal_hash) == (6, f"{6:064x}")


@pytest.mark.parametrize(("days", "numbers", "seqs"), [
    (("2026-11-21", "2026-11-23"), (100, 0, 13, 7, 94, 90), [3, 4, 5]),  # both days are inclusive, to the last second
    (("2026-11-21", ""), (100, 0, 17, 7, 90, 90), [3, 4, 5, 6]),
    (("", "2026-11-20"), (0, 100, 0, 0, 100, 90), [1]),
    (("2026-12-01", ""), (90, 0, 0, 0, 90, 90), []),
    (("", "2026-01-01"), (0, 0, 0, 0, 0, 90), []),
])
def test_days_cut_the_account_and_lose_no_credit(days, numbers, seqs):
    assert (sums(made(*days)), [line.seq for line in made(*days).lines]) == (numbers, seqs)


def test_months_end_to_end_are_the_whole():
    one, two = made("", "2026-11-22"), made("2026-11-23", "")
    assert one.closing_credits == two.opening_credits
    assert one.lines + two.lines == made().lines


def test_what_moves_no_credit_and_is_no_transaction_is_on_no_statement():
    of = statement((*RECORDS, structs.replace(RECORDS[-1], seq=7, hash="f" * 64, post=FACT)), "tenant", "A tenant")
    assert of == replace(made(), journal_seq=7, journal_hash="f" * 64)


def test_a_clock_that_was_set_back_loses_no_credit():
    """A post with an earlier day behind one with a later day belongs to the opening balance all the same."""
    back = (*RECORDS, structs.replace(RECORDS[-1], seq=7, ts="2026-11-19T10:00:00Z"))
    of = statement(back, "tenant", "", "2026-11-20")
    assert (of.opening_credits, of.closing_credits, of.ledger_balance_credits) == (-4, 86, 86)


def test_a_modules_spend_is_what_was_charged_less_what_came_back():
    assert [(spend.module_id, spend.charged_credits, spend.refunded_credits, spend.net_credits)
            for spend in made().spend_by_module] == [("send", 6, 0, 6), ("say", 11, 7, 4)]


def test_every_post_is_told_in_words_with_its_step_and_its_proof():
    told = as_text(made()).splitlines()
    assert told[:2] == ["Statement of tenant (A tenant), all posts", "opening balance  0 credits"]
    assert "2026-11-20T10:00:00Z  +100  balance 100  Payment pay-1 by bank-wire, reference wire-1" in told
    at = next(number for number, line in enumerate(told) if "Order tea refunded: timed_out" in line)
    assert told[at + 1].split("  item ")[0].split() == ["+5", "Step", "a,", "run", "refunded", "say", "(timed_out)"]
    assert told[at + 3].strip() == f"proof: journal line 4, hash {4:064x}, transaction {made().lines[2].transaction_id}"
    assert "closing balance  90 credits" in told


def test_what_was_delivered_stands_with_its_evidence():
    (delivery,) = made().deliveries
    assert (delivery.provider, delivery.remote, delivery.bytes, delivery.sha256, delivery.verification_status,
            delivery.step_id, delivery.seq) == ("folder", "a/b.zip", 814, "d" * 64, "verified", "put", 5)


def test_the_schemas_own_examples_add_up_as_statements_do():
    for example in schema("statement")["examples"]:
        assert example["closing_credits"] == (example["opening_credits"] + example["topped_up_credits"]
                                              - example["charged_credits"] + example["refunded_credits"])
        assert example["opening_credits"] + sum(line["amount_credits"] for line in example["lines"]) == (
            example["closing_credits"])


def test_its_json_is_what_the_schema_says(shop: Path):
    done = command(shop, "python -m platform.cli statement --tenant-id tenant --json")
    document = json.loads(done.stdout)
    assert faults(validator(schema("statement")), document) == []
    assert (document["closing_credits"], document["tenant_name"]) == (81, NAME)
    transactions = [row for row in rows(shop / ".billing-state/transactions.csv") if row["tenant_id"] == "tenant"]
    assert [(line["transaction_id"], str(line["amount_credits"])) for line in document["lines"]] == [
        (row["transaction_id"], row["amount_credits"]) for row in transactions]
    balances = {row["tenant_id"]: row["credits_available"] for row in rows(shop / ".billing-state/tenants_credits.csv")}
    assert str(document["ledger_balance_credits"]) == balances["tenant"] == "81"
    journal = (shop / ".billing-state/journal.csv").read_text().splitlines()
    assert all(journal[line["seq"]].endswith(line["hash"]) for line in document["lines"])
    assert document["lines"][0]["note"] == NOTE  # raw: JSON needs no escape of HTML
    assert set(document) == set(asdict(made()))


@pytest.mark.parametrize(("options", "status", "words"), [
    ("--tenant-id tenant --from 2026-13-01", 2, "--from '2026-13-01' is not a day; write it like "
                                                "2026-11-24"),
    ("--tenant-id tenant --from 2026-12-02 --to 2026-12-01", 2, "--from 2026-12-02 is after --to "
                                                                "2026-12-01"),
    ("--tenant-id tenat", 2, "tenant 'tenat' does not exist; "),
    ("--tenant-id tenant --billing-state-dir nowhere", 14, "no billing state"),
    ("--tenant-id tenant --html config", 15, "is not a file; name a file"),
])
def test_a_wrong_question_is_one_line(shop: Path, options: str, status: int, words: str):
    done = command(shop, f"python -m platform.cli statement {options}")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1)
    assert words in done.stderr
