"""A billing state folder as one process knows it: the journal read so far, its book, its projections, its manifest.

It decides nothing and takes no lock: every method is called under the ledger's. Projections are compared with the
journal before the first post of a process and followed at checkpoints, which every command ends with, or when many
posts wait for that: a post itself touches the journal and nothing else. What is wrong with a projection by then cannot
undo a post; it is told at every checkpoint until it is put right.
"""
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from platform.errors import ConflictError, CorruptError, StaleError
from platform.ledger.journal import manifest, snapshot
from platform.ledger.journal.disk import WHEN_GONE, Disk, read_whole, refusals, write_whole
from platform.ledger.journal.follow import Followers, once_true
from platform.ledger.journal.log import JOURNAL, Log, is_journal_there
from platform.ledger.journal.manifest import FileState, Manifest
from platform.ledger.journal.projections import CREDITS, HEADERS, credits_lines, credits_row
from platform.ledger.journal.record import GENESIS, HEADER, Record, encode
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Account, Kept, kept_of
from platform.model.cells import as_csv
from platform.model.digest import sha256_hex
from platform.model.entry import LOSS, Post, sides
from platform.model.words import counted

_MANY = 1000  # posts that may wait for their projections: a bound on the memory they take


class Prepared(NamedTuple):
    """A post that was found new, as it is read again from its line, and what was made of it for that."""

    post: Post
    body: bytes  # its JSON
    kept: Kept


class StateFolder:
    """`book` is replaced, not changed back, when the folder has to be read again."""

    def __init__(self, folder: Path, disk: Disk, snapshot_posts: int | None) -> None:
        """A checkpoint writes a snapshot when so many posts came since the last; None: none is read or written."""
        self.folder = folder
        self._snapshot_posts, self._snapshot_seq = snapshot_posts, 0
        self.book = Book()
        self._disk = disk
        self._log: Log | None = None
        self._manifest: Manifest | None = None
        self._after_manifest = (len(HEADER), 0, GENESIS)  # where the journal goes on after the manifest's head
        self._files: Followers | None = None  # None until they were compared with the journal
        self._unfollowed: list[Record] = []  # posted since: the projections have not followed them yet
        self._broken_off = False  # what is known is being changed; True for good when a Ctrl-C came in between
        self._replaced: list[Log] = []  # journals in whose place others were put
        self._lost = ""  # why nothing is posted any more: what was read is not in the journal

    @property
    def log(self) -> Log:
        """The journal file. CorruptError when it is gone while files beside it say that there was one; StaleError when
        they are gone, too."""
        if self._log is None:
            if not is_journal_there(self.folder, self._disk):
                if not any((self.folder / name).exists() for name in (manifest.NAME, CREDITS, *HEADERS)):
                    raise StaleError(f"{self.folder}: was deleted while it was in use; {WHEN_GONE}")
                raise CorruptError(f"{self.folder / JOURNAL}:1: is gone while other files of the state are there; "
                                   "restore it, a new one would forget what was paid")
            self._log = Log(self.folder, self._disk)
        return self._log

    def forget(self) -> None:
        """Read everything again at the next look: after a fork, or when a look was interrupted."""
        logs = [*self._replaced, *([self._log] if self._log else [])]
        self._log, self._replaced, self._files, self.book = None, [], None, Book()
        self._unfollowed, self._broken_off = [], False
        self._after_manifest = (len(HEADER), 0, GENESIS)
        for each in logs:
            each.close()

    def catch_up(self) -> None:
        """Read what was written since the last look, by whomever, and recover what a crash left. ConflictError, now and
        from now on, when another process put a journal in this one's place that has not all that was read."""
        if self._lost:
            raise ConflictError(self._lost)
        known: Book | None = None
        if self._log is None or self._broken_off:
            self.forget()
            self._begin()
        elif self._log.is_replaced():
            known = self._take_the_new_one(self._log)
        self._read_on()
        if missing := known.missing_in(self.book) if known else 0:
            self._lost = (f"{self.folder / JOURNAL}: another process replaced it, and {counted(missing, 'post')} that "
                          "this one had read are not in it; nothing more is posted: look for journal.lost.* beside "
                          "it, see docs/runbooks.md, 11 conflict, and run again")
            raise ConflictError(self._lost)

    def _take_the_new_one(self, old: Log) -> Book | None:
        """Go on in the file that another process put in the place of `old`: after what was read when that begins with
        the same bytes, from its start otherwise; then the book of before is returned, to be found in the new one."""
        self._broken_off, self._log = True, None
        self._replaced.append(old)  # whoever reads it still may end with it
        if self.log.skip(old.point()):
            self._files = None
            return None
        known = self.book
        self._begin()
        return known

    def _begin(self) -> None:
        self.book, self._files, self._unfollowed = Book(), None, []
        self._after_manifest, self._broken_off = (len(HEADER), 0, GENESIS), True
        self._manifest = self._read_manifest()
        self._begin_at_snapshot()

    def _read_on(self) -> None:
        self._broken_off = True
        for record in self.log.unread():
            self._apply(record)
            if self._files is not None:
                self._unfollowed.append(record)
        self._broken_off = False
        known = self._manifest
        if known and self.book.seq < known.seq:
            raise CorruptError(f"{self.log.path}:{self.book.seq + 1}: ends before line {known.seq + 1}, which the "
                               "manifest names; restore the whole journal")

    def up_to_date(self) -> None:
        """The book as the journal has it now. CorruptError when a projection differed when it was last looked at."""
        self.catch_up()
        if self._files is None or len(self._unfollowed) >= _MANY:
            self._followed()

    def _followed(self, *, believing: bool = True) -> Followers:
        """The projections, as the journal has them now. CorruptError when one differs. `believing`: what the manifest
        says of them is not looked at again."""
        if self.log.seq:
            self.log.make_durable()  # no projection may outlive a power loss that its post does not
        files, known, self._files = self._files, self._manifest, None  # None again when this is interrupted
        if files is None:
            files = Followers(self.folder, self._disk)
            start = self._after_manifest if believing and files.skip(known) else ()
            files.follow(self.log.records(*start), known.seq if known else 0)
            self._credits_are_true(known)
        else:
            files.extend(self._unfollowed)
        self._files, self._unfollowed = files, []
        return files

    def write(self, posts: Sequence[Prepared], at: str) -> None:
        """Append posts, durably, and take them into the book and the projections. StorageError: nothing was posted."""
        lines, records, head = [], [], self.log.head
        for seq, (post, body, _) in enumerate(posts, self.log.seq + 1):
            line, head = encode(seq, at, post, body, head)
            lines.append(line)
            records.append(Record(seq, at, head, post, body))
        self.log.append(b"".join(lines))
        self._broken_off = True
        self.log.advance(lines, records)
        for post, _, kept in posts:
            self.book.add(post, kept, at)
        if self._files is not None:
            self._unfollowed += records
        self._broken_off = False

    def checkpoint(self, *, believing: bool = True) -> None:
        """Projections durable and up to date, and a manifest that says so; nothing when the last one still holds."""
        self.catch_up()
        files = self._followed(believing=believing)
        known = self._read_manifest()  # another process may have written one since
        truth, true = self._credits_are_true(known)
        states = {**files.states(),
                  JOURNAL: FileState(self.log.sha.hexdigest(), self.log.end, self.log.seq),
                  CREDITS: FileState(sha256_hex(truth), len(truth), truth.count(b"\n") - 1)}
        synced = files.sync(known.files if known else {})
        if true and known and (known.seq, known.hash, known.files) == (self.log.seq, self.log.head, states):
            if synced:  # a table that somebody deleted: the manifest has vouched for it all the time
                with refusals(self.folder, "make durable"):
                    self._disk.sync_folder(self.folder)
        else:
            if not true:
                write_whole(self._disk, self.folder / CREDITS, truth)
            known = Manifest(known.generation + 1 if known else 1, self.log.seq, self.log.head, states)
            write_whole(self._disk, self.folder / manifest.NAME, manifest.render(known))
        self._manifest, self._after_manifest = known, (self.log.end, self.log.seq, self.log.head)
        if self._snapshot_posts is not None and snapshot.is_due(self.log.seq, self._snapshot_seq, self._snapshot_posts):
            write_whole(self._disk, self.folder / snapshot.NAME, snapshot.render(self.log.point(), self.book))
            self._snapshot_seq = self.log.seq

    def _begin_at_snapshot(self) -> None:
        """Take the book of a snapshot when it is of this very journal and of what the manifest names."""
        known, self._snapshot_seq = self._manifest, 0
        if known is None or self._snapshot_posts is None:
            return
        try:
            point, book = snapshot.parse(read_whole(self._disk, self.folder / snapshot.NAME) or b"")
        except ValueError:
            return  # none, or one that is no good: the journal tells everything
        named = (point.seq, point.head) == (known.seq, known.hash)
        if (named or point.seq < known.seq) and self.log.skip(point):
            self.book, self._snapshot_seq = book, point.seq
            if named:
                self._after_manifest = (self.log.end, self.log.seq, self.log.head)

    def _read_manifest(self) -> Manifest | None:
        path = self.folder / manifest.NAME
        data = read_whole(self._disk, path)
        try:
            return None if data is None else manifest.parse(data)
        except ValueError as error:
            raise CorruptError(f"{path}:1: {error}; restore it, nothing was changed") from error

    def _apply(self, record: Record) -> None:
        place = f"{self.log.path}:{record.seq + 1}"
        try:
            self.book.apply(record.post, kept_of(record.post, record.body), record.ts)
        except CorruptError as error:
            raise CorruptError(f"{place}: {error}; restore the journal") from error
        known = self._manifest
        if known and record.seq == known.seq:
            if record.hash != known.hash:
                raise CorruptError(f"{place}: is not the line that the manifest names; restore the journal that "
                                   "belongs to it")
            self._after_manifest = (self.log.end, record.seq, record.hash)

    def _credits_are_true(self, known: Manifest | None) -> tuple[bytes, bool]:
        """tenants_credits.csv as it should be, and whether it is. CorruptError when it was never true."""
        truth = credits_lines(self.book.accounts())
        return truth, once_true(self.folder / CREDITS, self._disk, truth, self._credits_ever(), known)

    def _credits_ever(self) -> Iterator[tuple[int, str, bytes]]:
        past: dict[str, int] = {}
        for record in self.log.records():
            for _, tenant, amount in sides(record.post) if record.post.kind != LOSS else ():
                past[tenant] = past.get(tenant, 0) + amount
                row = credits_row(tenant, Account(past[tenant], record.ts))
                yield record.seq, tenant, as_csv([row])
