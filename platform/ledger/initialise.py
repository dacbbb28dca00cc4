"""A billing state from nothing: made once, and reconciled with the confirmed payments."""
from collections.abc import Callable, Iterable
from pathlib import Path

from platform.ledger.credit import reconcile
from platform.ledger.journal import Ledger, utc_now
from platform.model.entry import Post
from platform.model.prices import Payment


def ensure(folder: Path, payments: Iterable[Payment], now: Callable[[], str] = utc_now) -> tuple[Post, ...]:
    """Make the state when there is none and apply every confirmed payment that is not in it; what was posted."""
    confirmed = reconcile(payments)
    return Ledger.create(folder, now).post(lambda book: confirmed)
