"""The delivery attempts in the ledger, read from the journal when one run first needs them.

Each query also reads the posts since the last query, by this run or by others. If another process
posts for the same delivery, both use the same key for the next attempt, so one of them is refused.
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
    """The deliveries that one run sees. Thread-safe."""

    def __init__(self, billing: Billing, records: Records) -> None:
        self._billing, self._records = billing, records
        self._lock = threading.RLock()
        self._index: Attempts | None = None
        self._read_to = START

    def past(self, planned: PlannedStep, epoch: int) -> Past:
        """The attempts of a delivery until now. The journal is not read if the book has no
        entry."""
        work, book = (planned.task_hash, epoch), self._billing.history.book
        with self._lock:
            if (
                self._index is None
                and book.fact(*work) is None
                and not book.has(keys.claim(*work, 1))
            ):
                return Past(planned.id, work)
        past = self.index.of(planned.id, work)
        if past.made or book.fact(*work) is not Fact.HELD or not self._was_in_doubt(planned, epoch):
            return past
        return replace(past, inherited=1)

    @property
    def index(self) -> Attempts:
        """The attempts of the whole journal.

        Only the posts since the last query are read, unless the journal was replaced by one that
        does not contain the posts that were read."""
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
        """Post a delivery's facts. Raises the ledger's ConflictError."""
        return self._billing.ledger.post(decide)

    def _was_in_doubt(self, planned: PlannedStep, epoch: int) -> bool:
        """Whether held work without a claim may have arrived.

        Such work comes from a ledger that is older than claims. It may have arrived if no run
        record says why it is held."""
        last = self._records.of_step(planned)
        if planned.kind is not Kind.DELIVERY or last is None or last.refund_epoch != epoch:
            return planned.kind is Kind.DELIVERY
        return last.reason == UNVERIFIED or last.status is not Status.FAILED
