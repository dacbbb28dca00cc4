"""The reasons of refunds, by task hash and refund epoch.

When the run record of a failure is lost, only the ledger still contains its reason."""
from collections.abc import Mapping

from platform.app.billing import Billing
from platform.model.ids import RUN_CHARGE

_NONE: Mapping[int, str] = {}


class Refunds:
    """The refunds that one run sees. It reads the journal at the first query, and again when the
    journal has grown."""

    def __init__(self, billing: Billing) -> None:
        self._billing = billing
        self._seq = -1
        self._reasons: dict[str, dict[int, str]] = {}
        self._words: dict[tuple[str, int], str] = {}

    def words(self, task_hash: str, epoch: int) -> str:
        """The words of the person who had a task refunded at an epoch; empty if nobody had."""
        self.of(task_hash)
        return self._words.get((task_hash, epoch), "")

    def of(self, task_hash: str) -> Mapping[int, str]:
        """The reason of each refund of a task's run, by refund epoch."""
        ledger = self._billing.history
        if self._seq != ledger.book.seq:
            found: dict[str, dict[int, str]] = {}
            for record in ledger.of_kinds(("refund",)):
                for item in record.post.items:
                    if item.deliverable_id == RUN_CHARGE:
                        found.setdefault(item.task_hash, {})[item.refund_epoch] = item.note
                        self._words[item.task_hash, item.refund_epoch] = (
                            record.post.note.partition("; ")[2])
            self._reasons, self._seq = found, ledger.book.seq
        return self._reasons.get(task_hash, _NONE)
