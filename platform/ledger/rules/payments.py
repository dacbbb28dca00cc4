"""What a confirmed payment is to the ledger: open, settled, edited, or another one's double. Pure.

A payment that was edited after it was posted changes nothing: it is a conflict whose message names
the commands that correct the ledger. It is settled when the payment's transaction and its
corrections add up to what the row says.
"""
from collections.abc import Iterable, Mapping

from platform.ledger.rules import keys
from platform.ledger.rules.adjust import Standing, standings
from platform.ledger.rules.balance import Book
from platform.ledger.rules.conflict import PostConflict
from platform.ledger.rules.credit import payment, unapplied
from platform.ledger.rules.references import differs_in_case
from platform.ledger.rules.remedy import remedies
from platform.model.digest import derived_id
from platform.model.entry import ADJUSTMENT, TRANSFER, Post
from platform.model.prices import Payment
from platform.model.reference import folded, normalised

REASON = "payment_corrected"
KINDS = ("payment", "topup", ADJUSTMENT, TRANSFER)  # how a payment is posted, and what corrects it
_FILE = "config/payments.csv"


def is_open(book: Book, row: Payment) -> bool:
    """Whether a row differs from what was posted for it: it is not posted yet, or it was edited or
    withdrawn after it was posted."""
    if row.status != "CONFIRMED":
        return book.has(keys.payment(row.payment_id))
    return bool(unapplied(book, [row]))


def wanted(row: Payment | None) -> Mapping[str, int]:
    """What a payment's transaction must add up to according to its row, in credits by tenant."""
    return {row.tenant_id: row.amount_credits} if row and row.status == "CONFIRMED" else {}


def correction_of(post: Post, now: Standing, row: Payment | None) -> str:
    """What to do about a posted payment whose credits differ from its row; empty when they agree.

    `now` is the payment's transaction with its corrections. A row of None wants no credits.
    """
    name = str(post.metadata.get("payment_id", ""))
    if wanted(row) == {post.tenant_id: post.amount_credits} and REASON not in now.reasons:
        return ""  # as it was posted; what else corrects it is no correction of the payment
    lines = remedies(now, wanted(row), derived_id(post.key), name, REASON)
    return "correct the ledger with `" + "`, then `".join(lines) + "`" if lines else ""


def conflicts(history: Iterable[Post], edited: Iterable[Payment]) -> Iterable[str]:
    """One line for each payment whose row was edited after it was posted: what differs, and what to
    do. `history` are the posts of KINDS in the journal's order."""
    rows = {keys.payment(row.payment_id): row for row in edited}
    if not rows:
        return
    known = {post.key: post for post in history if post.key in rows}
    found = standings(history, rows)
    for key, row in rows.items():
        if key not in known:  # somebody has just posted it
            continue
        what = f"{_FILE}: payment {row.payment_id} of {row.tenant_id}"
        if fix := correction_of(known[key], found[key], row):
            yield (f"{what}: {_edited(known[key], row)}; nothing was posted: restore the row, or "
                   f"{fix}")
        elif not found[key].reasons and (words := _words(known[key], row)):
            yield f"{what}: {words}; no credits differ: write it as it was posted"


def _edited(known: Post, row: Payment) -> str:
    if row.status != "CONFIRMED":
        return f"was posted when it was CONFIRMED, now it is {row.status}"
    return PostConflict(known, payment(row)).what


def _words(known: Post, row: Payment) -> str:
    """What differs in a payment besides its credits; its note may be edited at any time."""
    for name, text in (("topup_method_id", row.topup_method_id), ("reference", row.reference)):
        posted = str(known.metadata.get(name, ""))
        if normalised(posted) != normalised(text):
            return f"was posted with {name} {posted!r}, now it says {text!r}"
    return ""


def posted_as_another(history: Iterable[Post], post: Post) -> str:
    """Why a payment duplicates an earlier post, or nothing: by its id in another case, or by
    tenant, method and reference. `history` are the posts of KINDS."""
    name = str(post.metadata["payment_id"])
    for other in history:
        if other.kind not in ("payment", "topup") or other.key == post.key:
            continue
        earlier = str(other.metadata.get("payment_id", ""))
        if earlier and folded(earlier) == folded(name):
            return f"{_FILE}: {differs_in_case('payment', name, earlier, other)}"
        if _paid(other) == _paid(post):
            return (
                f"{_FILE}: payment {name} of {post.tenant_id} has the reference of transaction "
                f"{derived_id(other.key)} ({earlier or 'a top-up by hand'}); nothing was posted: "
                "remove the row, or give another payment its own reference"
            )
    return ""


def _paid(post: Post) -> tuple[str, str, str]:
    said = post.metadata
    return (
        post.tenant_id,
        str(said.get("topup_method_id", "")),
        folded(str(said.get("reference", ""))),
    )
