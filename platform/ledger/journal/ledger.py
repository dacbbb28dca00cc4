"""The ledger: the only writer of the journal, which is the commit point of everything that has to do with credits.

A post is decided under the lock, against a book that has seen every line before it; compared by its keys; written with
one append and one fsync; and only then acknowledged. Threads that post at once share both. A damaged file is refused
with its line and never repaired in silence; what a crash can leave at the end is recovered (recovery.py).
"""
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from weakref import WeakSet

from platform.errors import ConflictError, CreditsError, PlatformError, StaleError
from platform.ledger.journal import log, manifest
from platform.ledger.journal.disk import DISK, Disk, Lock, locked, refusals
from platform.ledger.journal.folder import Prepared, StateFolder
from platform.ledger.journal.projections import CREDITS, HEADERS
from platform.ledger.journal.record import BadRecord, Record, as_read
from platform.ledger.journal.snapshot import FEWEST_POSTS, Point
from platform.ledger.journal.turns import Turns
from platform.ledger.rules.balance import Answer, Book
from platform.ledger.rules.body import is_replay
from platform.ledger.rules.conflict import PostConflict
from platform.ledger.rules.tables import kept_of
from platform.model.entry import Post
from platform.model.utc import utc_text

LOCK = ".lock"
Decide = Callable[[Book], Sequence[Post]]


def utc_now() -> str:
    """The time of a post: UTC, ISO 8601, to the second."""
    return _in_words(int(time.time()))


@lru_cache(maxsize=1)
def _in_words(second: int) -> str:
    return utc_text(datetime.fromtimestamp(second, UTC))


class _Request:
    """One call of `post`, and what became of it when another thread did it."""

    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.fresh: list[Prepared] = []
        self.error: PlatformError | BadRecord | None = None
        self.done = False


class Ledger:
    """One billing state folder. Threads and processes may post at once; each sees what the others wrote."""

    def __init__(self, folder: Path, now: Callable[[], str] = utc_now, disk: Disk = DISK,
                 snapshot_posts: int | None = FEWEST_POSTS) -> None:
        """Use `open` or `create`. `snapshot_posts`: so many new posts are worth a snapshot; None: none is used."""
        self.folder = folder
        self._now, self._disk = now, disk
        self._state = StateFolder(folder, disk, snapshot_posts)
        self._lock = Lock(disk, folder / LOCK)
        self._turns = Turns[_Request]()
        _LEDGERS.add(self)

    @property
    def book(self) -> Book:
        """What the posts up to the last look add up to."""
        return self._state.book

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether there is a billing state, whole or not; asking does not make one."""
        return any((folder / name).exists() for name in (log.JOURNAL, manifest.NAME, CREDITS, *HEADERS))

    @classmethod
    def open(cls, folder: Path, now: Callable[[], str] = utc_now, disk: Disk = DISK,
             snapshot_posts: int | None = FEWEST_POSTS) -> "Ledger":
        """The ledger of an existing state, read and verified. StaleError when there is none: never an empty one."""
        if not cls.exists(folder):
            raise StaleError(f"{folder}: no billing state here; `doit run state` makes one, once")
        ledger = cls(folder, now, disk, snapshot_posts)
        try:
            ledger.refresh()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def create(cls, folder: Path, now: Callable[[], str] = utc_now, disk: Disk = DISK,
               snapshot_posts: int | None = FEWEST_POSTS) -> "Ledger":
        """The ledger of a folder, made empty when there is none."""
        if not cls.exists(folder):
            with refusals(folder, "make the folder"):
                folder.mkdir(parents=True, exist_ok=True)
                disk.sync_folder(folder.parent)
            with locked(disk, folder / LOCK):
                if not cls.exists(folder):
                    log.create(folder, disk)
        return cls.open(folder, now, disk, snapshot_posts)

    def post(self, decide: Decide) -> tuple[Post, ...]:
        """Post what `decide` says of the newest book; the posts that were new.

        A replay posts nothing. ConflictError names the field in which a post differs from the one with its key;
        CreditsError when a balance would go below zero; either way nothing of the call is posted. All posts of one
        call are one write and one fsync, and so are the calls of threads that wait for each other: `decide` must be
        pure, for any of them may call it, and again. A crash in the middle of the write may leave the first posts of a
        call, of which nobody was told; the same call again adds the rest.
        """
        return self.post_each([decide])[0]

    def post_each(self, decisions: Sequence[Decide]) -> list[tuple[Post, ...]]:
        """Post what each decision says, in their order, as so many calls of `post` would, but with one write and one
        fsync for all. Each is all or nothing by itself; the first error is raised when the others are posted."""
        requests = [_Request(decide) for decide in decisions]
        if requests:
            self._turns.take(self._commit, requests)
        for request in requests:
            if request.error:
                raise request.error
        return [tuple(post for post, _, _ in request.fresh) for request in requests]

    def refresh(self) -> None:
        """Look at what other processes posted since."""
        self._alone(self._state.catch_up)

    def point(self) -> Point:
        """How far the journal was read."""
        return self._state.log.point()

    def first_hash(self) -> str:
        """The hash of the first post, which names the ledger; empty when there is none."""
        return self._state.log.first_hash()

    def contains(self, size: int, seq: int, head: str) -> bool:
        """Whether post `seq`, which ends at byte `size`, has this hash; each hash covers all posts before."""
        self.refresh()
        if self._state.log.line_ends_at(size, seq, head):
            return True
        return any(record.seq == seq and record.hash == head for record in self._state.log.records())

    def records(self) -> Iterator[Record]:
        """Every record from the start, read and checked again."""
        self.refresh()
        return self._state.log.records()

    def checkpoint(self, *, believing: bool = True) -> None:
        """Bring every projection up to date, durably, and say in state_manifest.json where the journal stands. What the
        last one says of them is believed, unless somebody asks for the contrary who posted nothing before."""
        self._alone(partial(self._state.checkpoint, believing=believing))

    def close(self) -> None:
        """Give the handles back; the ledger opens them again when it is asked."""
        self._turns.take(lambda _: self._forget())

    def _commit(self, batch: Sequence[_Request]) -> None:
        with self._lock:
            self._post(batch)

    def _post(self, batch: Sequence[_Request]) -> None:
        self._state.up_to_date()
        draft, fresh = self.book if len(batch) == 1 else self.book.draft(), list[Prepared]()
        for request in batch:
            request.fresh, request.error = [], None
            try:
                request.fresh = self._admit(draft, request.decide, fresh)
            except (PlatformError, BadRecord) as error:
                request.error = error
            if request is not batch[-1]:  # nobody looks at the draft after the last
                for post, _, kept in request.fresh:
                    draft.add(post, kept)
            fresh += request.fresh
        if fresh:
            self._state.write(fresh, self._now())
        else:
            self._state.log.make_durable()
        for request in batch:
            request.done = True

    def _admit(self, draft: Book, decide: Decide, before: Sequence[Prepared]) -> list[Prepared]:
        """What of a decision is new, each judged with those before it in. All of it is good or nothing is posted."""
        posts = decide(draft)
        trial, fresh = draft.draft() if len(posts) > 1 else draft, list[Prepared]()
        for meant in posts:
            post, body = as_read(meant)
            kept = kept_of(post, body)
            answer = trial.compare(post, kept)
            if answer is Answer.DIFFERENT:
                self._must_be_replay(post, [*before, *fresh])
            if answer is not Answer.NEW:
                continue
            if objection := trial.objection(post, kept):
                raise ConflictError(f"{objection}; nothing was posted, run again")
            if not trial.covers(post):
                have = trial.balance(post.tenant_id)
                raise CreditsError(f"{post.tenant_id} has {have} credits and {-post.amount_credits} are needed; "
                                   "top up, then run again")
            if trial is not draft:
                trial.add(post, kept)
            fresh.append(Prepared(post, body, kept))
        return fresh

    def _must_be_replay(self, post: Post, unwritten: Sequence[Prepared]) -> None:
        """PostConflict that names the field that differs. The book keeps no bodies, so the journal is read again, this
        once; only there is seen whether the two differ in words that do not count."""
        known = next((other for other, _, _ in unwritten if other.key == post.key), None) or next(
            record.post for record in self._state.log.records() if record.post.key == post.key)
        if not is_replay(known, post):
            raise PostConflict(known, post)

    def _alone(self, act: Callable[[], None]) -> None:
        """The turn among this process's threads, then the folder's lock."""
        def locked_act(_: Sequence[_Request]) -> None:
            with self._lock:
                act()
        self._turns.take(locked_act)

    def _forget(self) -> None:
        self._state.forget()
        self._lock.close()

    def _begin_again(self) -> None:
        """In a forked child: whoever was at it is not there, and the handles are the parent's too."""
        self._turns = Turns()
        self._forget()


def _after_fork() -> None:
    for ledger in list(_LEDGERS):
        ledger._begin_again()


_LEDGERS: WeakSet[Ledger] = WeakSet()
os.register_at_fork(after_in_child=_after_fork)
