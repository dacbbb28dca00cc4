"""Two journals that both went on: the release's is taken, and what only ours has is posted again after it.

Keys make that safe: what is in both is a replay; the rest is judged anew, by the ledger, on the newer book. What it
refuses is not forced: the same key with another body, a charge that the balance does not cover any more, a refund of
what somebody else has refunded. Two things a ledger alone would take are kept out as well: facts and evidence about
work whose charge was refused, and the refund of work that the release knows was done. Nothing is lost by a claim that
another clone made first, nor by evidence of what the release has evidence of.
"""
import shutil
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from platform.errors import ConflictError, CorruptError, CreditsError
from platform.ledger.journal.disk import refusals, write_whole
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.log import JOURNAL
from platform.ledger.journal.record import GENESIS, HEADER, decode
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Fact, kept_of
from platform.model.entry import Post
from platform.model.ids import RUN_CHARGE, OrderId
from platform.state.chain import RESTORE, hash_of
from platform.state.local import LocalState, common, whole_lines

_CLAIMS = frozenset({"claim", "void"})  # another clone was first, and then nothing was sent for ours: no loss


class Lost(NamedTuple):
    """A post that was not posted again: its line as it was, what it is, and why."""

    line: bytes
    post: Post
    why: str


class Rebased(NamedTuple):
    """The release's journal with ours after it, as lines."""

    lines: tuple[bytes, ...]
    posted_again: int
    lost: tuple[Lost, ...]


def judge(local: LocalState, theirs: Sequence[bytes], after_seq: int, where: str) -> None:
    """CorruptError with the line when what the release has after our `after_seq` records, which are all, does not keep
    the ledger's rules. A chain of hashes proves the order of lines; anybody can make one over lines that are wrong."""
    book, prev = Book(), hash_of(theirs[after_seq - 1]) if after_seq else GENESIS
    if Ledger.exists(local.folder):
        with closing(local.open()) as ledger:
            book = ledger.book.draft()
    if book.seq != after_seq:
        return  # somebody posted meanwhile: it is compared again, and judged then
    for number, line in enumerate(theirs[after_seq:], after_seq + 1):
        record = decode(line, number, prev)
        try:
            book.apply(record.post, kept_of(record.post, record.body), record.ts)
        except CorruptError as error:
            raise CorruptError(f"{where}:{number + 1}: {error}; {RESTORE}") from error
        prev = record.hash


def rebase(local: LocalState, ours: Sequence[bytes], theirs: Sequence[bytes], where: str = JOURNAL) -> Rebased:
    """The journal that both come to. It is made beside ours, in `local.scratch`; ours is not touched. CorruptError when
    theirs, which is called `where`, does not keep the ledger's rules."""
    fork = common(ours, theirs)
    prev = hash_of(ours[fork - 1]) if fork else GENESIS
    own: list[tuple[bytes, Post]] = []
    for number, line in enumerate(ours[fork:], fork + 1):
        record = decode(line, number, prev)
        prev = record.hash
        own.append((line, record.post))
    stage = local.scratch / "stage"
    with refusals(stage, "make the folder"):
        shutil.rmtree(stage, ignore_errors=True)
        stage.mkdir()
    write_whole(local.disk, stage / JOURNAL, HEADER + b"".join(theirs))
    try:
        staged = Ledger.open(stage, local.now, local.disk)
    except CorruptError as error:
        raise CorruptError(str(error).replace(str(stage / JOURNAL), where)) from error
    with closing(staged) as ledger:
        lost = _post_again(ledger, own)
        again = ledger.book.seq - len(theirs)
    return Rebased(whole_lines(stage, local.disk), again, lost)


def _post_again(ledger: Ledger, own: Sequence[tuple[bytes, Post]]) -> tuple[Lost, ...]:
    lost: list[Lost] = []
    unpaid: set[OrderId] = set()  # orders whose last charge of ours was refused
    undone = {post.key for _, post in own if _undoes(ledger.book, post)}
    for line, post in own:
        order = OrderId(post.tenant_id, post.work_order_id)
        if post.key in undone:
            why = "the release knows that this work was done"
        elif order in unpaid and post.kind != "charge":
            why = "the charge that it stands on could not be posted again"
        else:
            why = _refusal(ledger, post)
        if why and (post.kind in _CLAIMS or _is_told(ledger, post)):
            continue
        if post.kind == "charge":
            (unpaid.add if why else unpaid.discard)(order)
        if why:
            lost.append(Lost(line, post, why))
    return tuple(lost)


def _is_told(ledger: Ledger, post: Post) -> bool:
    """Whether the release has evidence of the same delivery: of the same package by the same provider. The run that it
    is of, and its time, are the other clone's."""
    if post.kind != "evidence" or not ledger.book.has(post.key):
        return False
    theirs = next(record.post for record in ledger.records() if record.post.key == post.key)
    return _delivered(theirs) == _delivered(post)


def _delivered(post: Post) -> list[tuple[Any, ...]]:
    said = [item.metadata.get("evidence", {}) for item in post.items]
    return [tuple(evidence.get(name) for name in ("provider", "bytes", "sha256", "recorded")) for evidence in said]


def _undoes(theirs: Book, post: Post) -> bool:
    return post.kind == "refund" and any(
        item.deliverable_id == RUN_CHARGE and theirs.fact(item.task_hash, item.refund_epoch) is Fact.DONE
        for item in post.items)


def _refusal(ledger: Ledger, post: Post) -> str:
    try:
        ledger.post(lambda book: (post,))
    except (ConflictError, CreditsError) as error:
        return str(error).partition("; ")[0]
    return ""
