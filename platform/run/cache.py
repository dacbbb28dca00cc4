"""Keep results and reuse them, by the digest of their inputs, within one tenant. `result_stores/`
stores them.

An entry is another step's result, or this step's own on a runner that lost it. It is used only if
every byte matches its record and neither the contract's nor the profile's retention has expired.
Any other entry is deleted. Deliveries are never cached, because their effect is not in their
outputs. A cache that cannot be read or written counts as empty. A cache that is a link is
refused, because it is another directory.
"""
from datetime import datetime
from pathlib import Path

from platform import trees
from platform.model.order import Kind, Reuse
from platform.model.plan import PlannedStep
from platform.model.retention import expires_at
from platform.model.run import RunRecord
from platform.model.utc import utc_moment
from platform.ports.result_store import ResultKey
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.outputs import collect
from platform.run.records import as_bytes, from_bytes
from platform.run.result_stores import result_store_of


def take_result(
    context: RunContext, step: PlannedStep, inputs_digest: str, outputs: Path
) -> RunRecord | None:
    """Copy a cached result into the empty directory `outputs`.

    Returns the record of the result; None if nothing was copied. Displaced: a link is in the path
    of the cache. OSError: a partial copy of a damaged result cannot be removed.

    A step whose own record says that it made the same result runs again. Its outputs were damaged
    or deleted, and a copy from the cache would hide that.
    """
    own = context.record(step.id)
    if (
        not _may(context, step)
        or step.reuse is Reuse.NONE
        or (own and own.inputs_digest == inputs_digest)
    ):
        return None
    store, key = result_store_of(context.runtime_dir), ResultKey(step.id.tenant_id, inputs_digest)
    data = store.record(key)
    record = from_bytes(data) if data is not None else None
    if record is None or expired(
        record.finished_at, context.now(), step.contract.retention, context.profile.cache_retention
    ):
        store.drop(key)
        return None
    try:
        store.fetch(key, outputs)
        intact = collect(step, outputs, context.digests) == record.outputs
    except (OSError, Fault):
        intact = False
    if intact:
        return record
    store.drop(key)
    trees.empty(outputs)
    return None


def keep(context: RunContext, step: PlannedStep, record: RunRecord, outputs: Path) -> None:
    """Store a completed result of this run. An existing entry is not replaced.

    Displaced: a link is in the path of the cache.
    """
    if _may(context, step) and record.completed and not record.cached_from:
        key = ResultKey(step.id.tenant_id, record.inputs_digest)
        result_store_of(context.runtime_dir).keep(key, as_bytes(record), outputs)


def expired(finished_at: str, now: datetime, *retentions: str) -> bool:
    """Whether a result of that time has expired, by the shortest retention (12h, 3d, 1w, 6m, 1y;
    empty: no limit). An unreadable time counts as expired."""
    try:
        end = expires_at(utc_moment(finished_at), *retentions)
    except ValueError:
        return True
    return end is not None and end <= now


def _may(context: RunContext, step: PlannedStep) -> bool:
    return context.profile.cache and step.kind is not Kind.DELIVERY
