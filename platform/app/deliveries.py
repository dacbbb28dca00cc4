"""The ledger's deliveries of one run: what was attempted, read from the journal when it is first needed.

What was posted since the last look, by this run or by others, is read at the next one. Another process that posts for
the same delivery meanwhile meets this one in the key of the next attempt.
"""
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from platform.app.billing import Billing
from platform.app.records import Records
from platform.ledger.journal.record import START
from platform.ledger.rules import keys
from platform.ledger.rules.attempts import KINDS, Attempts, Past
from platform.ledger.rules.balance import Book
from platform.ledger.rules.tables import Fact
from platform.model.entry import Post
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.reasons import UNVERIFIED
from platform.model.run import Status
from platform.ports.journal_store import Rewritten


class Deliveries:
    """Of one run. Safe for threads."""

    def __init__(self, billing: Billing, records: Records) -> None:
        self._billing, self._records = billing, records
        self._lock = threading.RLock()
        self._index: Attempts | None = None
        self._read_to = START

    def past(self, planned: PlannedStep, epoch: int) -> Past:
        """A delivery so far. The journal is not read for one of which the book knows nothing."""
        work, book = (planned.task_hash, epoch), self._billing.history.book
        with self._lock:
            if self._index is None and book.fact(*work) is None and not book.has(keys.claim(*work, 1)):
                return Past(planned.id, work)
        past = self.index.of(planned.id, work)
        if past.made or book.fact(*work) is not Fact.HELD or not self._was_in_doubt(planned, epoch):
            return past
        return replace(past, inherited=1)

    @property
    def index(self) -> Attempts:
        """Of the whole journal. Only what came since the last look is read, unless the journal was
        exchanged for one that does not contain what was read."""
        with self._lock:
            ledger = self._billing.history
            try:
                head, records = ledger.since(self._read_to, KINDS)
            except Rewritten:
                self._index = None
                head, records = ledger.since(START, KINDS)
            self._index = self._index or Attempts()
            self._index.add(record.post for record in records)
            self._read_to = head
            return self._index

    def post(self, decide: Callable[[Book], Sequence[Post]]) -> tuple[Post, ...]:
        """Post a delivery's facts. ConflictError as the ledger's."""
        return self._billing.ledger.post(decide)

    def _was_in_doubt(self, planned: PlannedStep, epoch: int) -> bool:
        """Of work that is held without a claim, by a ledger older than claims: whether it may have arrived. So it may
        when no record of the run is left that says why it is held."""
        last = self._records.of_step(planned)
        if planned.kind is not Kind.DELIVERY or last is None or last.refund_epoch != epoch:
            return planned.kind is Kind.DELIVERY
        return last.reason == UNVERIFIED or last.status is not Status.FAILED
