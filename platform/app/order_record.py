"""The outcome of an order: runtime/<tenant>/<order>/order.json, for users, CI and the publisher."""
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from platform import trees
from platform.confined import read_file
from platform.model import jsontext
from platform.model.ids import OrderId
from platform.model.order_outcome import OrderOutcome
from platform.model.plan import PlannedOrder
from platform.owned import owned, replace, storage_error

_LARGEST = 16 << 20  # bytes
_NAME = "order.json"


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """The outcome of one plan of an order. `task_hashes` identify the plan. Times are UTC, ISO
    8601, with Z."""

    tenant_id: str
    work_order_id: str
    status: str
    reason: str
    completed: int
    failed: int
    skipped: int
    pending: int
    task_hashes: dict[str, str]
    finished_at: str

    def conforms(self) -> bool:
        """Whether each field has its declared type."""
        texts = (self.tenant_id, self.work_order_id, self.status, self.reason, self.finished_at)
        counts = (self.completed, self.failed, self.skipped, self.pending)
        return (
            all(isinstance(text, str) for text in texts)
            and all(type(count) is int for count in counts)
            and isinstance(self.task_hashes, dict)
            and all(isinstance(digest, str) for digest in self.task_hashes.values())
        )

    def matches(self, order: PlannedOrder, outcome: OrderOutcome) -> bool:
        """Whether this record has the same outcome and is of the same plan."""
        return (self.status, self.reason) == (
            outcome.status,
            outcome.reason,
        ) and self.task_hashes == _hashes(order)


def order_dir(runtime_dir: Path, order_id: OrderId) -> Path:
    """An order's part of the runtime directory. It exists from the order's first charge on."""
    return runtime_dir / order_id.tenant_id / order_id.work_order_id


def make_order_dir(runtime_dir: Path, order_id: OrderId) -> None:
    """Create the directory. Displaced if its path has a link, StorageError for an error of the
    disk."""
    try:
        with owned(runtime_dir, *order_id, make=True):
            pass
    except OSError as error:
        raise storage_error(order_dir(runtime_dir, order_id), "be made", error) from error


def order_file(runtime_dir: Path, order_id: OrderId) -> Path:
    return order_dir(runtime_dir, order_id) / _NAME


def read_order(runtime_dir: Path, order_id: OrderId) -> OrderRecord | None:
    """The record; None if it is missing or damaged. The run then settles the order again, which
    posts nothing."""
    try:
        record = OrderRecord(
            **jsontext.read_json(read_file(order_file(runtime_dir, order_id), _LARGEST))
        )
    except (OSError, ValueError, TypeError):
        return None
    return record if record.conforms() else None


def write_order(
    runtime_dir: Path, order: PlannedOrder, outcome: OrderOutcome, finished_at: str
) -> OrderRecord:
    """Write the outcome of the order. Displaced if a link is in the way, StorageError for an
    error of the disk."""
    record = OrderRecord(
        *order.id,
        **{name: value for name, value in asdict(outcome).items() if name != "held"},
        task_hashes=_hashes(order),
        finished_at=finished_at,
    )
    text = json.dumps(asdict(record), indent=1, sort_keys=True) + "\n"
    try:
        with owned(runtime_dir, *order.id, make=True, mend=True) as folder:
            trees.clear_flags_at(_NAME, folder.handle)  # a module may have made it immutable
            replace(folder, _NAME, text.encode())
    except OSError as error:
        raise storage_error(order_file(runtime_dir, order.id), "be written", error) from error
    return record


def _hashes(order: PlannedOrder) -> dict[str, str]:
    return {step.id.step_id: step.task_hash for step in order.steps}
