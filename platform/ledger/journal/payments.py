"""Post the confirmed payments: at first, and whenever there are new ones. The rules are in
`rules/payments.py`."""
from collections.abc import Iterable
from dataclasses import dataclass

from platform.ledger.journal.journal import LedgerReader
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules import keys
from platform.ledger.rules.adjust import standings
from platform.ledger.rules.credit import payment
from platform.ledger.rules.payments import KINDS, conflicts, is_open, posted_as_another, wanted
from platform.model.entry import Post
from platform.model.prices import Payment


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was posted, and one line for each payment that differs from what was posted for it."""

    posted: tuple[Post, ...]
    conflicts: tuple[str, ...]


def apply_payments(ledger: Ledger, payments: Iterable[Payment]) -> Reconciled:
    """Apply every confirmed payment that is not in the ledger, all in one write. One that conflicts
    stops no other."""
    rows = [row for row in payments if is_open(ledger.book, row)]
    if not rows:
        return Reconciled((), ())
    fresh = [payment(row) for row in rows if not ledger.book.has(keys.payment(row.payment_id))]
    history = [record.post for record in ledger.of_kinds(KINDS)]
    twice = {post.key: words for post in fresh if (words := posted_as_another(history, post))}
    posted = ledger.post(lambda book: [post for post in fresh
                                       if post.key not in twice and not book.has(post.key)])
    new = {*twice, *(post.key for post in posted)}
    edited = [row for row in rows if keys.payment(row.payment_id) not in new]
    return Reconciled(posted, (*twice.values(), *conflicts(history, edited)))


def unsettled(ledger: LedgerReader, payments: Iterable[Payment]) -> tuple[Payment, ...]:
    """The payments without those that differ from what was posted and were settled by
    corrections."""
    rows = tuple(payments)
    edited = [row for row in rows
              if ledger.book.has(keys.payment(row.payment_id)) and is_open(ledger.book, row)]
    if not edited:
        return rows
    found = standings((record.post for record in ledger.of_kinds(KINDS)),
                      [keys.payment(row.payment_id) for row in edited])
    done = [row for row in edited if found[keys.payment(row.payment_id)].credits == wanted(row)]
    return tuple(row for row in rows if row not in done)
