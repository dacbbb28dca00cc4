"""The files next to journal.csv: its tables, its checkpoint and its snapshot, all derived from it.

The tables are compared with the journal before the first post of a process. They are brought up to
date at checkpoints, which every command ends with, or when many posts wait for that. A post itself
writes only to the journal. Damage to a table that is found later cannot undo a post; every
checkpoint reports it until somebody repairs it. Everything here runs under the ledger's lock,
except `read_folder`.
"""
from hashlib import sha256
from pathlib import Path

from platform.errors import CorruptError, PlatformError, StaleError
from platform.ledger.journal import checkpoint, snapshot
from platform.ledger.journal.checkpoint import Checkpoint, FileState
from platform.ledger.journal.compare import is_newest
from platform.ledger.journal.disk import DISK, Disk, read_whole, refusals, write_whole
from platform.ledger.journal.file_store import JOURNAL, FileStore, exists
from platform.ledger.journal.follow import Followers
from platform.ledger.journal.journal import Exports, Journal, LedgerReader
from platform.ledger.journal.projections import CREDITS, credits_ever, credits_lines
from platform.ledger.journal.record import HEADER, START, Record
from platform.ledger.journal.snapshot import FEWEST_POSTS, Point
from platform.ledger.rules.balance import Book
from platform.model.digest import sha256_hex
from platform.ports.journal_store import JournalHead

_TRIES = 10
_MANY = 1000  # posts that may wait for their rows: a bound on the memory they take


class FolderExports(Exports):
    """`snapshot_seq` is the number of the line at which the last snapshot was made; 0 without one.
    """

    def __init__(self, store: FileStore, folder: Path, disk: Disk = DISK,
                 snapshot_posts: int | None = FEWEST_POSTS) -> None:
        """`snapshot_posts`: a checkpoint makes a snapshot after this many new posts. None: never.
        """
        self.snapshot_seq = 0
        self._store, self._folder, self._disk = store, folder, disk
        self._snapshot_posts = snapshot_posts
        self._start()

    def _start(self) -> None:
        self._checkpoint: Checkpoint | None = None
        self._after_checkpoint = START
        self._sha = sha256(HEADER)  # of every byte up to the last line that was read or written
        self._files: Followers | None = None  # None until they were compared with the journal
        self._waiting: list[Record] = []  # posted since; their rows are not written yet

    def begin(self) -> tuple[Book, JournalHead]:
        """The book of a snapshot, when it belongs to this journal and the checkpoint confirms
        it."""
        self._start()
        self._checkpoint = known = self._read_checkpoint()
        self.snapshot_seq = 0
        if known is None or self._snapshot_posts is None:
            return Book(), START
        try:
            data = read_whole(self._disk, self._folder / snapshot.NAME)
            point, book = snapshot.parse(data or b"")
        except ValueError:
            return Book(), START  # no snapshot, or a damaged one: the journal has everything
        head = JournalHead(point.seq, point.head, point.bytes)
        named = (point.seq, point.head) == (known.seq, known.hash)
        sha = self._store.digest(head) if named or point.seq < known.seq else None
        if sha is None or sha.hexdigest() != point.sha256:
            return Book(), START
        self._sha, self.snapshot_seq = sha, point.seq
        if named:
            self._after_checkpoint = head
        return book, head

    def added(self, line: bytes, record: Record, head: JournalHead) -> None:
        """CorruptError when the checkpoint names another line in this place."""
        self._sha.update(line)
        known = self._checkpoint
        if known and record.seq == known.seq:
            if record.hash != known.hash:
                raise CorruptError(
                    f"{self._store.name}:{record.seq + 1}: is not the line that the manifest "
                    "names; restore the journal that belongs to it"
                )
            self._after_checkpoint = head
        if self._files is not None:
            self._waiting.append(record)

    def caught_up(self, head: JournalHead) -> None:
        """CorruptError when the journal ends before the line that the checkpoint names."""
        known = self._checkpoint
        if known and head.seq < known.seq:
            raise CorruptError(
                f"{self._store.name}:{head.seq + 1}: ends before line {known.seq + 1}, which "
                "the manifest names; restore the whole journal"
            )

    def before_posts(self, journal: Journal) -> None:
        """CorruptError when a table differed when it was last compared."""
        if self._files is None or len(self._waiting) >= _MANY:
            self._followed(journal)

    def checkpoint(self, journal: Journal, *, believing: bool) -> None:
        """Make the tables durable and up to date, and write a checkpoint that says so. Nothing when
        the last checkpoint still holds."""
        files, head = self._followed(journal, believing=believing), journal.head
        known = self._read_checkpoint()  # another process may have written one since
        truth, true = self._credits_are_true(journal, known)
        states = {**files.states(),
                  JOURNAL: FileState(self._sha.hexdigest(), head.bytes, head.seq),
                  CREDITS: FileState(sha256_hex(truth), len(truth), truth.count(b"\n") - 1)}
        synced = files.sync(known.files if known else {})
        now = (head.seq, head.hash, states)
        if true and known and (known.seq, known.hash, known.files) == now:
            if synced:  # a deleted table; the checkpoint has vouched for it all the time
                with refusals(self._folder, "make durable"):
                    self._disk.sync_folder(self._folder)
        else:
            if not true:
                write_whole(self._disk, self._folder / CREDITS, truth)
            known = Checkpoint(known.generation + 1 if known else 1, *now)
            write_whole(self._disk, self._folder / checkpoint.NAME, checkpoint.render(known))
        self._checkpoint, self._after_checkpoint = known, head
        self._keep_snapshot(head, journal.book)

    def _keep_snapshot(self, head: JournalHead, book: Book) -> None:
        fewest = self._snapshot_posts
        if fewest is None or not snapshot.is_due(head.seq, self.snapshot_seq, fewest):
            return
        point = Point(head.bytes, head.seq, head.hash, self._sha.hexdigest())
        write_whole(self._disk, self._folder / snapshot.NAME, snapshot.render(point, book))
        self.snapshot_seq = head.seq

    def _followed(self, journal: Journal, *, believing: bool = True) -> Followers:
        """The tables, as the journal has them now. CorruptError when one differs. `believing`: rows
        for which the checkpoint vouches are not compared again."""
        journal.make_durable()  # no row may survive a power loss that its post does not survive
        files, known, self._files = self._files, self._checkpoint, None  # None when interrupted
        if files is None:
            files = Followers(self._folder, self._disk)
            start = self._after_checkpoint if believing and files.skip(known) else START
            files.follow(journal.records(start), known.seq if known else 0)
            self._credits_are_true(journal, known)
        else:
            files.extend(self._waiting)
        self._files, self._waiting = files, []
        return files

    def _read_checkpoint(self) -> Checkpoint | None:
        path = self._folder / checkpoint.NAME
        data = read_whole(self._disk, path)
        try:
            return None if data is None else checkpoint.parse(data)
        except ValueError as error:
            raise CorruptError(f"{path}:1: {error}; restore it, nothing was changed") from error

    def _credits_are_true(self, journal: Journal, known: Checkpoint | None) -> tuple[bytes, bool]:
        """tenants_credits.csv as it should be, and whether it is. CorruptError when it never was.
        """
        path, truth = self._folder / CREDITS, credits_lines(journal.book.accounts())
        named = known.files.get(CREDITS) if known else None
        then = (known.seq if known else 0), (named.sha256 if named else "")
        ever = credits_ever(journal.records())
        return truth, is_newest(path, read_whole(self._disk, path), truth, then, ever)


def read_folder(folder: Path, disk: Disk = DISK) -> LedgerReader:
    """A reader of a billing state directory. It takes no lock and writes nothing.

    StaleError when the directory has no billing state, CorruptError for damage. Another process may
    exchange the journal and its checkpoint during the read. Damage therefore counts only when the
    files are the same before and after it is found.
    """
    if not exists(folder):
        raise StaleError(f"{folder}: no billing state here; `doit run state` makes one, once")
    for left in reversed(range(_TRIES)):
        store = FileStore(folder, disk, writes=False)
        before = _marks(store, folder, disk)
        try:
            return LedgerReader.over(store, FolderExports(store, folder, disk))
        except CorruptError:
            if not left or _marks(store, folder, disk) == before:
                raise
    raise AssertionError("the last try returns or raises")


def _marks(store: FileStore, folder: Path, disk: Disk) -> tuple[object, ...]:
    """What differs after another process has written or exchanged the journal or its checkpoint."""
    try:
        return store.head(), read_whole(disk, folder / checkpoint.NAME)
    except PlatformError as error:
        return (str(error),)
    finally:
        store.close()
