"""Merge two diverged journals: keep the release's, then post again what only the local one has.

Idempotency keys make that safe. A post that is in both is a replay. The ledger checks every other
post again, on the newer book, and refuses:

* a key that exists with another body;
* a charge that the balance no longer covers;
* a refund of a charge that another clone has refunded.

Some posts are refused here, although the ledger would accept them:

* facts and evidence about work whose charge was refused;
* refunds of work that was done, or is being delivered, according to the release;
* a person's decision about a delivery of which another attempt has begun.

Some are dropped without loss:

* a claim that nobody has used yet, of a delivery about which the release knows more than its runner
  did, and its void: the runner looks again and claims again;
* evidence that the release already has;
* that work failed, if it was done according to the release.
"""
import shutil
from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from platform.errors import ConflictError, CorruptError, CreditsError
from platform.ledger.journal.disk import refusals, write_whole
from platform.ledger.journal.file_store import JOURNAL
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import GENESIS, HEADER, decode
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import kept_of
from platform.model.entry import Post
from platform.model.ids import OrderId
from platform.state.chain import RESTORE, hash_of
from platform.state.local import LocalState, common, whole_lines
from platform.state.news import ClaimedAttempt, News, attempt_of, is_needless


class Lost(NamedTuple):
    """A post that was not posted again: its original line, the post, and the reason."""

    line: bytes
    post: Post
    why: str


class Rebased(NamedTuple):
    """The release's journal followed by the local posts, as lines."""

    lines: tuple[bytes, ...]
    posted_again: int
    lost: tuple[Lost, ...]


def judge_posts(local: LocalState, theirs: Sequence[bytes], after_seq: int, where: str) -> None:
    """Check that the release's records after the first `after_seq` keep the ledger's rules.

    The local journal consists of these `after_seq` records. CorruptError names the line that breaks
    a rule. A hash chain proves only the order of lines: anyone can compute one over false lines.
    """
    book, prev = Book(), hash_of(theirs[after_seq - 1]) if after_seq else GENESIS
    if Ledger.exists(local.folder):
        with closing(local.open()) as ledger:
            book = ledger.book.draft()
    if book.seq != after_seq:
        return  # another process has posted: the caller compares again, and checks then
    for number, line in enumerate(theirs[after_seq:], after_seq + 1):
        record = decode(line, number, prev)
        try:
            book.apply(record.post, kept_of(record.post, record.body), record.ts)
        except CorruptError as error:
            raise CorruptError(f"{where}:{number + 1}: {error}; {RESTORE}") from error
        prev = record.hash


def rebase(
    local: LocalState,
    ours: Sequence[bytes],
    theirs: Sequence[bytes],
    where: str = JOURNAL,
    unused_claims: Collection[str] = (),
) -> Rebased:
    """The merged journal. It is built in `local.scratch`; the local journal is unchanged.

    `unused_claims` are keys of local claims with which certainly nothing was sent yet.

    CorruptError if the release's journal breaks the ledger's rules; `where` names it in messages.
    """
    fork = common(ours, theirs)
    stage = local.scratch / "stage"
    with refusals(stage, "create the directory"):
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
    write_whole(local.disk, stage / JOURNAL, HEADER + b"".join(theirs))
    try:
        staged = Ledger.open(stage, local.now, local.disk)
    except CorruptError as error:
        raise CorruptError(str(error).replace(str(stage / JOURNAL), where)) from error
    with closing(staged) as ledger:
        news = News(post for _, post in _posts(theirs, fork))
        lost = _post_again(ledger, _posts(ours, fork), news, unused_claims)
        again = ledger.book.seq - len(theirs)
    return Rebased(whole_lines(stage, local.disk), again, lost)


def _posts(lines: Sequence[bytes], after_seq: int) -> list[tuple[bytes, Post]]:
    """The lines after the first `after_seq`, with their posts."""
    prev = hash_of(lines[after_seq - 1]) if after_seq else GENESIS
    found: list[tuple[bytes, Post]] = []
    for number, line in enumerate(lines[after_seq:], after_seq + 1):
        record = decode(line, number, prev)
        prev = record.hash
        found.append((line, record.post))
    return found


def _post_again(ledger: Ledger, own: Sequence[tuple[bytes, Post]], news: News,
                unused_claims: Collection[str]) -> tuple[Lost, ...]:
    lost: list[Lost] = []
    unpaid: set[OrderId] = set()  # orders whose last local charge was refused
    dropped: set[ClaimedAttempt] = set()  # claims
    for line, post in own:
        order = OrderId(post.tenant_id, post.work_order_id)
        if is_needless(post, ledger.book, dropped):
            continue
        if post.kind == "claim" and post.key in unused_claims and news.knows(post):
            dropped.add(attempt_of(post))
            continue
        if why := news.objection(post, ledger.book):
            pass
        elif order in unpaid and post.kind != "charge":
            why = "the charge that it belongs to could not be posted again"
        else:
            why = _refusal(ledger, post)
        if why and post.kind == "claim":  # another clone made it first: nothing was sent for this
            dropped.add(attempt_of(post))
            continue
        if why and _has_same_evidence(ledger, post):
            continue
        if post.kind == "charge":
            (unpaid.add if why else unpaid.discard)(order)
        if why:
            lost.append(Lost(line, post, why))
    return tuple(lost)


def _has_same_evidence(ledger: Ledger, post: Post) -> bool:
    """Whether the release has evidence that the same provider delivered the same package.

    The run and the time in it are the other clone's.
    """
    if post.kind != "evidence" or not ledger.book.has(post.key):
        return False
    theirs = next(record.post for record in ledger.records() if record.post.key == post.key)
    return _delivered(theirs) == _delivered(post)


def _delivered(post: Post) -> list[tuple[Any, ...]]:
    found = [item.metadata.get("evidence", {}) for item in post.items]
    return [tuple(evidence.get(name) for name in ("provider", "bytes", "sha256", "recorded"))
            for evidence in found]


def _refusal(ledger: Ledger, post: Post) -> str:
    try:
        ledger.post(lambda book: (post,))
    except (ConflictError, CreditsError) as error:
        return str(error).partition("; ")[0]
    return ""
