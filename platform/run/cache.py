"""Results by what went in, within one tenant: runtime/cache/<tenant>/<inputs digest>/ with outputs/ and entry.json, the
record of the run that made them. (It is not called run.json: whoever looks for runs shall not find it.)
platform/retention/ lists the entries and deletes what is over.

An entry is another step's result, or this step's own on a runner that has lost it. It is taken only when every byte is
what its record says and neither the contract's retention nor the profile's has passed; any other entry is thrown away.
Deliveries are never cached: what they do is not in their outputs. A cache that cannot be read or written is a cache
that is empty.
"""
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from platform import trees
from platform.errors import StorageError
from platform.files import write_atomic
from platform.model.order import Kind, Reuse
from platform.model.plan import PlannedStep
from platform.model.retention import expires_at
from platform.model.run import RunRecord
from platform.model.utc import utc_moment
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.outputs import collect
from platform.run.records import OUTPUTS, as_bytes, record_in

FOLDER, ENTRY = "cache", "entry.json"


def take(context: RunContext, step: PlannedStep, inputs_digest: str, outputs: Path) -> RunRecord | None:
    """Copy a cached result into the empty folder `outputs`; the record that it came with, or None and nothing copied.
    OSError when what was copied of a damaged one cannot be removed.

    A step whose own record says that it made this very result runs again: its outputs were damaged or deleted, and a
    copy from the cache would hide it.
    """
    own = context.record(step.id)
    if not _may(context, step) or step.reuse is Reuse.NONE or (own and own.inputs_digest == inputs_digest):
        return None
    entry = _entry(context, step, inputs_digest)
    record = record_in(entry / ENTRY)
    if record is None or expired(
            record.finished_at, context.now(), step.contract.retention, context.profile.cache_retention):
        _drop(entry)
        return None
    try:
        trees.copy(entry / OUTPUTS, outputs)
        intact = collect(step, outputs, context.digests) == record.outputs
    except (OSError, Fault):
        intact = False
    if intact:
        return record
    _drop(entry)
    trees.empty(outputs)
    return None


def keep(context: RunContext, step: PlannedStep, record: RunRecord, outputs: Path) -> None:
    """Remember a completed result that was made here; an entry that is there stays."""
    entry = _entry(context, step, record.inputs_digest)
    if not _may(context, step) or not record.completed or record.cached_from or entry.exists():
        return
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".", dir=entry.parent))
    except OSError:
        return
    try:
        (fresh / OUTPUTS).mkdir()
        trees.copy(outputs, fresh / OUTPUTS)
        write_atomic(fresh / ENTRY, as_bytes(record))
        fresh.chmod(0o755)
        fresh.rename(entry)  # another step that made the same was first: its entry is as good
    except (OSError, StorageError):
        _drop(fresh)


def _drop(entry: Path) -> None:
    """Throw an entry away; one that cannot be removed is looked at anew, and refused, the next time."""
    with suppress(OSError):
        trees.remove(entry)


def expired(finished_at: str, now: datetime, *retentions: str) -> bool:
    """Whether a result of that time is over, by the shortest retention (12h, 3d, 1w, 6m, 1y; empty: for ever). A time
    that is none is of a record that nobody may take."""
    try:
        end = expires_at(utc_moment(finished_at), *retentions)
    except ValueError:
        return True
    return end is not None and end <= now


def _may(context: RunContext, step: PlannedStep) -> bool:
    return context.profile.cache and step.kind is not Kind.DELIVERY


def _entry(context: RunContext, step: PlannedStep, inputs_digest: str) -> Path:
    return context.runtime_dir / FOLDER / step.id.tenant_id / inputs_digest
