"""The ledger is reconciled with the confirmed payments: at first, and whenever there are new ones."""
from collections.abc import Iterable
from dataclasses import dataclass

from platform.errors import ConflictError
from platform.ledger.credit import unapplied
from platform.ledger.journal import Ledger
from platform.model.entry import Post
from platform.model.prices import Payment


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was posted, and one line for each payment that was edited after it was applied: those change nothing."""

    posted: tuple[Post, ...]
    conflicts: tuple[str, ...]


def apply_payments(ledger: Ledger, payments: Iterable[Payment]) -> Reconciled:
    """Apply every confirmed payment that is not in the ledger, all in one write. One that conflicts stops no other."""
    due = unapplied(ledger.book, payments)
    posted = ledger.post(lambda book: [post for post in due if not book.has(post.key)])
    edited = [post for post in due if post not in posted]
    return Reconciled(posted, tuple(line for post in edited if (line := _conflict(ledger, post))))


def _conflict(ledger: Ledger, post: Post) -> str:
    try:
        ledger.post(lambda book: (post,))
    except ConflictError as error:
        return f"config/payments.csv: payment {post.metadata['payment_id']} of {post.tenant_id}: {error}"
    return ""
