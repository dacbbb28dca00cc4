"""Why a clone's post no longer holds: what the release contained and the clone did not know.

Pure.
"""
from collections.abc import Collection, Iterable
from typing import NamedTuple

from platform.ledger.rules import keys
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Fact
from platform.model.entry import Post
from platform.model.ids import RUN_CHARGE

_OF_ATTEMPTS = frozenset({"claim", "void", "decision"})


class ClaimedAttempt(NamedTuple):
    """One attempt at a delivery."""

    task_hash: str
    refund_epoch: int
    attempt: int


def attempt_of(post: Post) -> ClaimedAttempt:
    """The attempt that a claim, a void or a decision is about."""
    told = post.metadata
    return ClaimedAttempt(told["task_hash"], told["refund_epoch"], told["attempt"])


class News:
    """The posts of the release that the clone did not have."""

    def __init__(self, posts: Iterable[Post]) -> None:
        self._tasks: set[str] = set()
        self._open: set[ClaimedAttempt] = set()  # claims of which nothing is known yet
        for post in posts:
            self._add(post)

    def _add(self, post: Post) -> None:
        if post.kind == "completion":
            self._tasks |= {*post.metadata["done"], *post.metadata["held"]}
        self._tasks |= {item.task_hash for item in post.items}
        if post.kind in _OF_ATTEMPTS:
            told = attempt_of(post)
            self._tasks.add(told.task_hash)
            if post.kind == "claim":
                self._open.add(told)
            else:
                self._open.discard(told)

    def knows(self, post: Post) -> bool:
        """Whether anything of the delivery that a claim is about was posted."""
        return attempt_of(post).task_hash in self._tasks

    def objection(self, post: Post, book: Book) -> str:
        """Why a post must not be posted again although the ledger would accept it; empty if it may.
        `book` is the ledger's until now."""
        if book.has(post.key):
            return ""
        if post.kind == "refund":
            works = [(item.task_hash, item.refund_epoch) for item in post.items
                     if item.deliverable_id == RUN_CHARGE]
            if any(book.fact(*work) is Fact.DONE for work in works):
                return "according to the release, this work was done"
            if any(each[:2] in works and book.fact(*each[:2]) is Fact.HELD for each in self._open):
                return "according to the release, this work is being delivered"
        if post.kind == "decision":
            told = attempt_of(post)
            if book.has(keys.claim(told.task_hash, told.refund_epoch, told.attempt + 1)):
                return "according to the release, another attempt has begun"
        return ""


def is_needless(post: Post, book: Book, dropped: Collection[ClaimedAttempt]) -> bool:
    """Whether a post may be left out without loss: the void of a claim that was dropped, which
    would void another runner's, or that work failed which was done."""
    if post.kind == "void":
        return attempt_of(post) in dropped
    if post.kind == "completion" and not post.metadata["done"]:
        return all(book.fact(*work) is Fact.DONE for work in post.metadata["held"].items())
    return False
