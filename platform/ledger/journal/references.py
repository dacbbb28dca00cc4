"""What was posted before under the same reference, in whatever form it was written.

Keys are made of normalised references (model/reference.py). Earlier versions made them of the text
as it was typed, and a key cannot tell that two references differ in case only: the journal is read
for both, once for each reference that has no post yet.
"""
from collections.abc import Iterable

from msgspec.structs import replace

from platform.errors import ConflictError
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import Record
from platform.ledger.rules.balance import Book
from platform.model.digest import derived_id
from platform.model.entry import Post
from platform.model.reference import folded, normalised


def post_once(ledger: Ledger, post: Post) -> tuple[Post, ...]:
    """Post what has a reference; nothing when it was posted before. PostConflict when it says
    something else now, ConflictError when an earlier reference differs from its own in case
    only."""
    while True:
        seq, same = -1, None
        if not ledger.book.has(post.key):
            records = ledger.of_kinds((post.kind,))
            seq, same = ledger.book.seq, _earlier(records, post)
        due = as_posted(post, same) if same else post
        posted, looked = _post(ledger, due, seq)
        if looked:
            return posted


def as_posted(post: Post, same: Post) -> Post:
    """A post with the key and the reference that one of an earlier version has for it."""
    metadata = {**post.metadata, "reference": same.metadata.get("reference")}
    return replace(post, key=same.key, metadata=metadata)


def _post(ledger: Ledger, due: Post, seq: int) -> tuple[tuple[Post, ...], bool]:
    """What was posted, and whether the journal was as it was looked at: nobody may have posted the
    same reference in between."""
    stale = False

    def decide(book: Book) -> tuple[Post, ...]:
        nonlocal stale
        stale = not book.has(due.key) and book.seq != seq
        return () if stale else (due,)

    return ledger.post(decide), not stale


def _earlier(records: Iterable[Record], post: Post) -> Post | None:
    """The post with this reference; ConflictError for another case."""
    place, text = _namespace(post), str(post.metadata["reference"])
    found: Post | None = None
    for record in records:
        other = record.post
        if _namespace(other) == place:
            earlier = str(other.metadata.get("reference", ""))
            if normalised(earlier) == normalised(text):
                found = found or other
            elif folded(earlier) == folded(text):
                raise ConflictError(differs_in_case("reference", text, earlier, other))
    return found


def differs_in_case(what: str, text: str, earlier: str, other: Post) -> str:
    """The message about two names that differ in nothing but case."""
    return (f"{what} {text!r} differs only in case from {earlier!r} of transaction "
            f"{derived_id(other.key)}; nothing was posted: write it as it was, or another one")


def _namespace(post: Post) -> tuple[str, str]:
    """Within what a reference is unique: a tenant, and of top-ups its method."""
    return post.tenant_id, str(post.metadata.get("topup_method_id", ""))
