"""Results by what went in, within one tenant: runtime/cache/<tenant>/<inputs digest>/.

An entry is another step's result, or this step's own on a runner that has lost it. It is taken only when every byte is
what its record says; a damaged entry is thrown away. Deliveries are never cached: what they do is not in their outputs.
"""
import shutil
import tempfile
from pathlib import Path

from platform.errors import StorageError
from platform.files import sha256_file, write_atomic
from platform.model.order import Kind, Reuse
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile, RunRecord
from platform.run.context import RunContext
from platform.run.outputs import OutputError, collect
from platform.run.records import OUTPUTS, RECORD, as_bytes, record_in


def take(context: RunContext, step: PlannedStep, inputs_digest: str, outputs: Path) -> RunRecord | None:
    """Copy a cached result into the fresh folder `outputs`; the record it came from, or None.

    A step whose own record says that it made this very result runs again: its outputs were damaged or deleted, and a
    copy from the cache would hide it.
    """
    own = context.record(step.id)
    if not _may(context, step) or step.reuse is Reuse.NONE or (own and own.inputs_digest == inputs_digest):
        return None
    entry = _entry(context, step, inputs_digest)
    record = record_in(entry / RECORD)
    if record is None:
        return None
    if not all(_intact(entry / OUTPUTS, output) for output in record.outputs):
        shutil.rmtree(entry, ignore_errors=True)
        return None
    shutil.copytree(entry / OUTPUTS, outputs, dirs_exist_ok=True)
    try:
        same = collect(step, outputs, context.digests, 0) == record.outputs
    except OutputError:
        same = False
    if not same:
        shutil.rmtree(entry, ignore_errors=True)
        shutil.rmtree(outputs)
        outputs.mkdir()
    return record if same else None


def keep(context: RunContext, step: PlannedStep, record: RunRecord, outputs: Path) -> None:
    """Remember a completed result; an entry that is there stays."""
    entry = _entry(context, step, record.inputs_digest)
    if not _may(context, step) or not record.completed or record.cached_from or entry.exists():
        return
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".", dir=entry.parent))
    except OSError:
        return  # a cache that cannot be written is a cache that is empty
    try:
        shutil.copytree(outputs, fresh / OUTPUTS)
        write_atomic(fresh / RECORD, as_bytes(record))
        fresh.chmod(0o755)
        fresh.rename(entry)
    except (OSError, StorageError):
        shutil.rmtree(fresh, ignore_errors=True)


def _may(context: RunContext, step: PlannedStep) -> bool:
    return context.profile.cache and step.kind is not Kind.DELIVERY


def _entry(context: RunContext, step: PlannedStep, inputs_digest: str) -> Path:
    return context.runtime_dir / "cache" / step.id.tenant_id / inputs_digest


def _intact(outputs: Path, output: OutputFile) -> bool:
    """A quick look before copying: a file's bytes; folders are compared whole after the copy."""
    path = outputs / output.path
    return path.is_dir() if output.type == "dir" else path.is_file() and sha256_file(path) == output.sha256
