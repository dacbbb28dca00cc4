"""Payments that somebody edited after they were posted: told with the commands that correct the ledger, and settled by
them."""
import shlex
from dataclasses import replace

import pytest
from msgspec import structs

from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.payments import Reconciled, apply_payments, unsettled
from platform.ledger.rules.adjust import Correction, adjustment, transfer
from platform.ledger.rules.credit import payment, topup
from platform.ledger.rules.payments import is_open
from platform.model.prices import Payment

ROW = Payment("pay-1", "tenant", "bank-wire", 100, "wire-1", "CONFIRMED", note="x")


@pytest.fixture
def paid(ledger: Ledger) -> Ledger:
    assert apply_payments(ledger, [ROW]).conflicts == ()
    return ledger


def follow(ledger: Ledger, line: str) -> None:
    """Post what the commands in a conflict's message post."""
    for command in line.split("`")[1::2]:
        name, *words = shlex.split(command.removeprefix("python -m platform.cli "))
        options = dict(zip(words[::2], words[1::2], strict=True))
        said = Correction(options["--reference"], options["--reason"], options["--note"], options["--corrects"])
        amount = int(options["--amount-credits"])
        post = (adjustment(options["--tenant-id"], amount, said) if name == "admin-adjust"
                else transfer(options["--from"], options["--to"], amount, said))
        assert len(ledger.post(lambda book, post=post: (post,))) == 1


def credits_of(ledger: Ledger) -> dict[str, int]:
    return {name: amount for name, amount in ledger.book.balances().items() if amount}


@pytest.mark.parametrize("row", [
    replace(ROW, amount_credits=30), replace(ROW, amount_credits=300), replace(ROW, tenant_id="other1"),
    replace(ROW, tenant_id="other1", amount_credits=70), replace(ROW, tenant_id="other1", amount_credits=170),
    replace(ROW, status="PENDING"), replace(ROW, status="REJECTED"),
])
def test_an_edited_payment_is_settled_by_what_its_message_says(paid: Ledger, row: Payment) -> None:
    for _ in range(2):  # nothing changes until somebody acts
        (told,) = apply_payments(paid, [row]).conflicts
        assert paid.book.balances() == {"tenant": 100}
    follow(paid, told)
    assert credits_of(paid) == ({row.tenant_id: row.amount_credits} if row.status == "CONFIRMED" else {})
    assert apply_payments(paid, [row]) == Reconciled((), ())
    assert is_open(paid.book, row), "it still differs from what was posted"
    assert unsettled(paid, [row]) == ()


def test_a_payment_may_be_corrected_again(paid: Ledger) -> None:
    for amount in (30, 50, 10):
        row = replace(ROW, amount_credits=amount)
        follow(paid, apply_payments(paid, [row]).conflicts[0])
        assert credits_of(paid) == {"tenant": amount}
        assert apply_payments(paid, [row]) == Reconciled((), ())


@pytest.mark.parametrize(("row", "words"), [
    (replace(ROW, note="another note"), ""),
    (replace(ROW, reference=" wire-1\u00a0"), ""),
    (replace(ROW, reference="wire-2"), "was posted with reference 'wire-1', now it says 'wire-2'"),
    (replace(ROW, topup_method_id="card"), "was posted with topup_method_id 'bank-wire'"),
    (replace(ROW, payment_id="PAY-1", reference="wire-9"), "payment 'PAY-1' differs only in case from 'pay-1'"),
    (replace(ROW, payment_id="pay-2"), "payment pay-2 of tenant has the reference of transaction"),
    (replace(ROW, payment_id="pay-2", reference="WIRE-1"), "payment pay-2 of tenant has the reference of transaction"),
    (replace(ROW, payment_id="pay-2", reference="by hand"), "a top-up by hand"),
])
def test_a_payment_is_one_whatever_it_is_called(paid: Ledger, row: Payment, words: str) -> None:
    paid.post(lambda book: [topup("tenant", 1, "bank-wire", "by hand")])
    found = apply_payments(paid, [row])
    assert (found.posted, paid.book.balance("tenant")) == ((), 101)
    assert [words in line for line in found.conflicts] == ([True] if words else [])


def test_a_payment_of_an_earlier_version_matches_as_it_was_typed(ledger: Ledger) -> None:
    typed = replace(ROW, reference=" wire  1")
    old = payment(typed)
    metadata = {**old.metadata, "reference": " wire  1"}
    ledger.post(lambda book: [structs.replace(old, metadata=metadata)])
    assert not is_open(ledger.book, typed)
    for row in (typed, replace(typed, reference="wire 1")):
        assert apply_payments(ledger, [row]) == Reconciled((), ())
    assert ledger.book.balance("tenant") == 100
