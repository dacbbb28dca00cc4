"""The ledger: the only writer of the journal, which is the commit point of everything about
credits.

A post is decided under the lock, against a book that contains every line before it. It is compared
by its keys, written with one append and one fsync, and only then acknowledged. Threads that post at
the same time share both. A damaged journal is refused with its line and never repaired silently;
what a crash can leave at the end is recovered (recovery.py).
"""
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from weakref import ref

from platform.errors import ConflictError, CreditsError, PlatformError, StaleError
from platform.ledger.journal import file_store
from platform.ledger.journal.disk import DISK, Disk, locked, refusals
from platform.ledger.journal.exports import read_folder
from platform.ledger.journal.file_store import LOCK
from platform.ledger.journal.journal import Exports, Journal, LedgerReader, Prepared
from platform.ledger.journal.journal_stores import open_journal
from platform.ledger.journal.record import BadRecord, as_read
from platform.ledger.journal.snapshot import FEWEST_POSTS
from platform.ledger.journal.turns import Turns
from platform.ledger.rules.balance import Answer, Book
from platform.ledger.rules.body import is_replay
from platform.ledger.rules.conflict import PostConflict
from platform.ledger.rules.tables import kept_of
from platform.model.entry import Post
from platform.model.utc import utc_text
from platform.ports.journal_store import JournalStore

Decide = Callable[[Book], Sequence[Post]]


def utc_now() -> str:
    """The time of a post: UTC, ISO 8601, to the second."""
    return _in_words(int(time.time()))


@lru_cache(maxsize=1)
def _in_words(second: int) -> str:
    return utc_text(datetime.fromtimestamp(second, UTC))


class _Request:
    """One call of `post`, and its result when another thread executes it."""

    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.fresh: list[Prepared] = []
        self.error: PlatformError | BadRecord | None = None
        self.done = False


class Ledger(LedgerReader):
    """One journal. Threads and processes may post at the same time; each sees what others wrote."""

    def __init__(self, store: JournalStore, exports: Exports | None = None,
                 now: Callable[[], str] = utc_now) -> None:
        """A ledger over any store, which is read at the first use. Use `open` or `create` for a
        directory. `exports` are what is kept next to the journal; None: nothing."""
        self._now, self._store = now, store
        self._exports = exports or Exports()
        super().__init__(Journal(store, self._exports))
        self._turns = Turns[_Request]()
        os.register_at_fork(after_in_child=partial(_begin_again, ref(self)))

    @staticmethod
    def exists(folder: Path) -> bool:
        """Whether a directory has a billing state, complete or not."""
        return file_store.exists(folder)

    @staticmethod
    def read(folder: Path, disk: Disk = DISK) -> LedgerReader:
        """The ledger of a directory as it is now, to look at. It takes no lock and writes nothing.

        StaleError when there is no billing state, CorruptError with file and line for damage.
        """
        return read_folder(folder, disk)

    @classmethod
    def open(cls, folder: Path, now: Callable[[], str] = utc_now, disk: Disk = DISK,
             snapshot_posts: int | None = FEWEST_POSTS) -> "Ledger":
        """The ledger of an existing billing state directory, read and verified, to post to.

        `now` returns the time of a post (UTC, ISO 8601). `snapshot_posts` is the number of new
        posts after which a checkpoint makes a snapshot; None uses no snapshot. StaleError when
        there is no billing state: this never makes an empty one. CorruptError for damage.
        """
        if not cls.exists(folder):
            raise StaleError(f"{folder}: no billing state here; `doit run state` makes one, once")
        ledger = cls(*open_journal(folder, disk, snapshot_posts), now)
        try:
            ledger.refresh()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def create(cls, folder: Path, now: Callable[[], str] = utc_now, disk: Disk = DISK,
               snapshot_posts: int | None = FEWEST_POSTS) -> "Ledger":
        """As `open`, after creating an empty billing state in a directory without one. StorageError
        when the disk refuses."""
        if not cls.exists(folder):
            with refusals(folder, "make the directory"):
                folder.mkdir(parents=True, exist_ok=True)
                disk.sync_folder(folder.parent)
            with locked(disk, folder / LOCK):
                if not cls.exists(folder):
                    file_store.create(folder, disk)
        return cls.open(folder, now, disk, snapshot_posts)

    def post(self, decide: Decide) -> tuple[Post, ...]:
        """Post what `decide` returns for the newest book; the posts that were new.

        A replay posts nothing. ConflictError names the field in which a post differs from the one
        with the same key. CreditsError means that a balance would fall below zero. After either,
        nothing of the call is posted. All posts of one call are one write and one fsync, and so are
        the calls of threads that wait for each other. `decide` must be pure: any of these threads
        may call it, more than once. A crash during the write may leave the first posts of
        a call, which nobody has acknowledged; the same call adds the rest.
        """
        return self.post_each([decide])[0]

    def post_each(self, decisions: Sequence[Decide]) -> list[tuple[Post, ...]]:
        """Post each decision in order, as separate calls of `post`, with one write and one fsync.

        Each is all or nothing by itself. The first error is raised after the others are posted.
        """
        requests = [_Request(decide) for decide in decisions]
        if requests:
            self._turns.take(self._commit, requests)
        for request in requests:
            if request.error:
                raise request.error
        return [tuple(post for post, _, _ in request.fresh) for request in requests]

    def refresh(self) -> None:
        """Read what other processes have posted. CorruptError for damage, ConflictError when the
        journal was replaced by one that lacks posts."""
        self._alone(self._journal.catch_up)

    def checkpoint(self, *, believing: bool = True) -> None:
        """Bring every table up to date, durably, and write the checkpoint.

        `believing`: rows for which the last checkpoint vouches are not compared again. CorruptError
        when a table differs from the journal.
        """
        self._alone(partial(self._checkpoint, believing))

    def close(self) -> None:
        """Release the handles. The ledger opens them again when it is used."""
        self._turns.take(lambda _: self._journal.forget())

    def _look(self) -> None:
        self.refresh()

    def _checkpoint(self, believing: bool) -> None:
        self._journal.catch_up()
        self._exports.checkpoint(self._journal, believing=believing)

    def _commit(self, batch: Sequence[_Request]) -> None:
        with self._store.lock():
            self._post(batch)

    def _post(self, batch: Sequence[_Request]) -> None:
        self._journal.catch_up()
        self._exports.before_posts(self._journal)
        draft, fresh = self.book if len(batch) == 1 else self.book.draft(), list[Prepared]()
        for request in batch:
            request.fresh, request.error = [], None
            try:
                request.fresh = self._admit(draft, request.decide, fresh)
            except (PlatformError, BadRecord) as error:
                request.error = error
            if request is not batch[-1]:  # nobody uses the draft after the last
                for post, _, kept in request.fresh:
                    draft.add(post, kept)
            fresh += request.fresh
        if fresh:
            self._journal.write(fresh, self._now())
        else:
            self._journal.make_durable()
        for request in batch:
            request.done = True

    def _admit(self, draft: Book, decide: Decide, before: Sequence[Prepared]) -> list[Prepared]:
        """The new posts of a decision, each judged with those before it in the book: all or none.
        """
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
                raise CreditsError(
                    f"{post.tenant_id} has {have} credits and {-post.amount_credits} "
                    "are needed; top up, then run again"
                )
            if trial is not draft:
                trial.add(post, kept)
            fresh.append(Prepared(post, body, kept))
        return fresh

    def _must_be_replay(self, post: Post, unwritten: Sequence[Prepared]) -> None:
        """PostConflict that names the field that differs. The book keeps no bodies, so the
        journal is read again. Only that shows whether the two differ in words that do not count."""
        known = next((other for other, _, _ in unwritten if other.key == post.key), None) or next(
            record.post for record in self._journal.records() if record.post.key == post.key)
        if not is_replay(known, post):
            raise PostConflict(known, post)

    def _alone(self, act: Callable[[], None]) -> None:
        """Run `act` in this thread's turn and under the store's lock."""
        def locked_act(_: Sequence[_Request]) -> None:
            with self._store.lock():
                act()
        self._turns.take(locked_act)


def _begin_again(known: "ref[Ledger]") -> None:
    """In a forked child: no other thread exists there, and the handles belong to the parent."""
    if ledger := known():
        ledger._turns = Turns()
        ledger._journal.forget()
