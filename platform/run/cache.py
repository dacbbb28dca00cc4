"""Results by what went in, within one tenant: runtime/cache/<tenant>/<inputs digest>/ with outputs/ and entry.json, the
record of the run that made them. (It is not called run.json: whoever looks for runs shall not find it.)
platform/retention/ lists the entries and deletes what is over.

An entry is another step's result, or this step's own on a runner that has lost it. It is taken only when every byte is
what its record says and neither the contract's retention nor the profile's has passed; any other entry is thrown away.
Deliveries are never cached: what they do is not in their outputs. A cache that cannot be read or written is a cache
that is empty; one that is a link is refused, because it is somebody else's directory.
"""
import os
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from platform import trees
from platform.confined import Folder, Refused
from platform.model.order import Kind, Reuse
from platform.model.plan import PlannedStep
from platform.model.retention import expires_at
from platform.model.run import RunRecord
from platform.model.utc import utc_moment
from platform.owned import exists, owned, refused, replace
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.outputs import collect
from platform.run.records import OUTPUTS, as_bytes, record_in

FOLDER, ENTRY = "cache", "entry.json"


def take(context: RunContext, step: PlannedStep, inputs_digest: str, outputs: Path) -> RunRecord | None:
    """Copy a cached result into the empty folder `outputs`; the record that it came with, or None and nothing copied.
    Displaced where a link stands on the way; OSError when what was copied of a damaged one cannot be removed.

    A step whose own record says that it made this very result runs again: its outputs were damaged or deleted, and a
    copy from the cache would hide it.
    """
    own = context.record(step.id)
    if not _may(context, step) or step.reuse is Reuse.NONE or (own and own.inputs_digest == inputs_digest):
        return None
    try:
        with owned(*_folder(context, step)) as folder:
            return _taken(context, step, folder, inputs_digest, outputs)
    except FileNotFoundError:
        return None
    except Refused as error:
        raise refused(_entry(context, step, inputs_digest), "be read", error) from error


def _taken(context: RunContext, step: PlannedStep, folder: Folder, inputs_digest: str, outputs: Path
           ) -> RunRecord | None:
    entry = _entry(context, step, inputs_digest)
    record = record_in(entry / ENTRY)
    if record is None or expired(
            record.finished_at, context.now(), step.contract.retention, context.profile.cache_retention):
        _drop(folder, inputs_digest)
        return None
    try:
        with trees.opened(outputs) as into:
            trees.copy(entry / OUTPUTS, into)
        intact = collect(step, outputs, context.digests) == record.outputs
    except (OSError, Fault):
        intact = False
    if intact:
        return record
    _drop(folder, inputs_digest)
    trees.empty(outputs)
    return None


def keep(context: RunContext, step: PlannedStep, record: RunRecord, outputs: Path) -> None:
    """Remember a completed result that was made here; an entry that is there stays. Displaced where a link stands on
    the way."""
    if not _may(context, step) or not record.completed or record.cached_from:
        return
    try:
        with owned(*_folder(context, step), make=True) as folder:
            if not exists(folder, record.inputs_digest):
                _kept(folder, record, outputs)
    except Refused as error:
        raise refused(_entry(context, step, record.inputs_digest), "be kept", error) from error
    except OSError:
        return


def _kept(folder: Folder, record: RunRecord, outputs: Path) -> None:
    fresh = f".{secrets.token_hex(6)}"
    try:
        os.mkdir(fresh, 0o755, dir_fd=folder.handle)
        with Folder(trees.open_directory(fresh, folder.handle), folder.named(fresh)) as entry:
            os.mkdir(OUTPUTS, 0o755, dir_fd=entry.handle)
            with Folder(trees.open_directory(OUTPUTS, entry.handle)) as into:
                trees.copy(outputs, into.handle)
            replace(entry, ENTRY, as_bytes(record))
        # another step that made the same was first: its entry is as good
        os.rename(fresh, record.inputs_digest, src_dir_fd=folder.handle, dst_dir_fd=folder.handle)
    except OSError:
        with suppress(OSError):
            trees.remove_at(fresh, folder.handle)


def _drop(folder: Folder, entry: str) -> None:
    """Throw an entry away; one that cannot be removed is looked at anew, and refused, the next time."""
    with suppress(OSError):
        trees.remove_at(entry, folder.handle)


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


def _folder(context: RunContext, step: PlannedStep) -> tuple[Path, str, str]:
    """The tenant's part of the cache, as `owned` takes it."""
    return context.runtime_dir, FOLDER, step.id.tenant_id


def _entry(context: RunContext, step: PlannedStep, inputs_digest: str) -> Path:
    return Path(*_folder(context, step), inputs_digest)
