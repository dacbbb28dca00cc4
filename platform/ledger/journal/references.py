"""Post what has a reference, once. The rules are in `rules/references.py`."""
from platform.ledger.journal.ledger import Ledger
from platform.ledger.rules.balance import Book
from platform.ledger.rules.references import as_posted, earlier, kinds_with
from platform.model.entry import Post


def post_once(ledger: Ledger, post: Post) -> tuple[Post, ...]:
    """Post a post that has a reference, or nothing when that reference was posted before.

    The result is what was posted. PostConflict when the earlier post has other contents,
    ConflictError when an earlier reference differs only in case, or is of another
    correction. The journal is read once for each reference that has no post yet.
    """
    while True:
        seq, same = -1, None
        if not ledger.book.has(post.key):
            records = ledger.of_kinds(kinds_with(post))
            seq, same = ledger.book.seq, earlier((record.post for record in records), post)
        due = as_posted(post, same) if same else post
        posted, looked = _post(ledger, due, seq)
        if looked:
            return posted


def _post(ledger: Ledger, due: Post, seq: int) -> tuple[tuple[Post, ...], bool]:
    """What was posted, and whether the journal was still at `seq`: another process may have posted
    the same reference in between."""
    stale = False

    def decide(book: Book) -> tuple[Post, ...]:
        nonlocal stale
        stale = not book.has(due.key) and book.seq != seq
        return () if stale else (due,)

    return ledger.post(decide), not stale
