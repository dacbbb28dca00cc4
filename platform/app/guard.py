"""Check, before the first post, that this billing state is the one that was used before.

A state that was rolled back or deleted can be sound, but it would charge the lost work again.
Therefore two conditions must hold. The journal contains the heads that this machine remembers. Each
completed run record is paid. Otherwise StaleError is raised (docs/runbooks.md, 14 stale state).
`state accept-loss` allows runs to continue without the lost posts.
"""
import os
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from platform import called
from platform.app.billing import Billing
from platform.app.records import Records
from platform.app.snapshot import Snapshot
from platform.errors import CorruptError, StaleError
from platform.ledger.journal.journal import LedgerReader
from platform.ledger.journal.ledger import Ledger
from platform.ledger.journal.record import BadRecord, read
from platform.ledger.rules.balance import Book
from platform.ledger.rules.loss import accepted
from platform.model.entry import LOSS
from platform.model.ids import RUN_CHARGE
from platform.model.run import RunRecord
from platform.model.words import counted
from platform.state.remembered import Memory, RememberedHead, others, places


def _what_to_do() -> str:
    return ("restore the newest copy of the billing state, see docs/runbooks.md, 14 stale state; "
            "to continue without the lost posts: "
            f"`{called.command('state accept-loss --note WHY')}`")


class Guard:
    """The guard of one run: it compares the plan, the records and the billing state."""

    def __init__(self, snapshot: Snapshot, records: Records, billing: Billing) -> None:
        self._snapshot, self._records, self._billing = snapshot, records, billing
        self._passed = False
        self._printed: set[str] = set()

    def memory(self, *, make: bool = False) -> Memory:
        """What is remembered of the billing state. `make`: create it, for a caller that writes."""
        now = self._snapshot.workspace
        found = places(now.root, now.runtime_dir, now.billing_state_dir, os.environ,
                       own=now.has_own_state, make=make)
        return Memory(found, self._say)

    def _say(self, line: str) -> None:
        """Print each line once per run, such as the one about a home directory without write
        permission."""
        if line not in self._printed:
            self._printed.add(line)
            sys.stderr.write(f"{line}\n")

    def check(self) -> None:
        """StaleError unless posting to the state is allowed. Checked once per run, and again after
        `again`."""
        if self._passed:
            return
        heads, unpaid = self.lost()
        where = self._shown()
        if heads:
            raise StaleError(self.rolled_back(heads))
        if unpaid:
            raise StaleError(
                f"{where}: {counted(len(unpaid), 'step')} "
                f"({unpaid[0].id}{', …' if unpaid[1:] else ''}) "
                "completed and not paid here: this is not the billing state with "
                "which they ran, or it belongs to another runtime directory; "
                f"{_what_to_do()}"
            )
        self._passed = True

    def rolled_back(self, heads: Iterable[RememberedHead]) -> str:
        """The message for a state that lacks at least one remembered head."""
        head = max(heads, key=lambda head: head.seq)
        fault = "does not contain it" if self._billing.exists else "is missing"
        return (f"{self._shown()}: this machine acknowledged post {head.seq} "
                f"with hash {head.hash[:12]}, and the billing state {fault}: it was deleted, "
                f"rolled back or replaced; {_what_to_do()}")

    def _shown(self) -> str:
        workspace = self._snapshot.workspace
        return workspace.shown(workspace.billing_state_dir)

    def again(self) -> None:
        """Check again, because the state may have been replaced."""
        self._passed = False

    def lost(self) -> tuple[tuple[RememberedHead, ...], tuple[RunRecord, ...]]:
        """The remembered heads that the state lacks, and the records of planned steps that
        completed and are not paid in it."""
        found = self._lost()
        if any(found) and self._billing.exists:
            # Other runs post, remember the head, and complete steps after the ledger was read here.
            self._billing.see_newest()
            found = self._lost()
        return found

    def _lost(self) -> tuple[tuple[RememberedHead, ...], tuple[RunRecord, ...]]:
        ledger = self._billing.history if self._billing.exists else None
        return self.memory().missing_from(ledger), tuple(self._unpaid(ledger))

    def keep(self, *, durable: bool = False) -> None:
        """Remember the ledger's head."""
        if self._billing.is_open:
            self.memory(make=True).keep(self._billing.ledger, durable=durable)

    def _unpaid(self, ledger: LedgerReader | None) -> Iterable[RunRecord]:
        now = self._snapshot.workspace
        book = ledger.book if ledger else Book()
        found = [record for order in self._snapshot.plan.orders.values()
                 for record in self._records.of_order(order).values()
                 if record.completed and not _was_paid(book, record)]
        if not found:
            return []
        known = {
            *self._put_aside(),
            *(accepted(record.post for record in ledger.of_kinds((LOSS,))) if ledger else ()),
        }
        elsewhere = [
            _book_at(path) for path in others(now.runtime_dir, now.root, now.billing_state_dir)
        ]
        return [record for record in found if record.task_hash not in known
                and not any(_was_paid(other, record) for other in elsewhere)]

    def _put_aside(self) -> Iterable[str]:
        """Task hashes of charges that could not be posted again after another clone's posts.

        They are not lost: they were reported, are in journal.lost.<n>, and a later run charges
        them."""
        for file in sorted(self._snapshot.workspace.billing_state_dir.glob("journal.lost.*")):
            for line in file.read_bytes().splitlines(keepends=True)[1:]:
                try:
                    yield from (item.task_hash for item in read(line).post.items)
                except BadRecord:
                    continue


def _was_paid(book: Book, record: RunRecord) -> bool:
    """Whether a book contains the charge of a run: the charge is in force, or was refunded
    since."""
    epoch = book.epoch(record.task_hash, RUN_CHARGE)
    return epoch > record.refund_epoch or (
        epoch == record.refund_epoch and book.paid(record.task_hash, RUN_CHARGE) is not None)


def _book_at(folder: Path) -> Book:
    """The book of another state; an empty book if the state is damaged, because it proves
    nothing."""
    try:
        with closing(Ledger.read(folder)) as ledger:
            return ledger.book
    except CorruptError:
        return Book()
