"""One step, whole: resolve, look into the cache, run with retries, hold the outputs against the contract, and put
outputs and record into place at once. A crash at any point leaves the old folder, the new one or none, never half.
"""
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

from platform.errors import StorageError
from platform.files import write_atomic
from platform.model.digest import derived_id, digest_of
from platform.model.order import Kind
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile, RunRecord, Status
from platform.run import cache, results, sandbox, worker
from platform.run.context import RunContext
from platform.run.inputs import InputError, bound_paths, resolve, what_went_in
from platform.run.outputs import OutputError, collect
from platform.run.records import LOG, OUTPUTS, RECORD, as_bytes, step_dir

RECEIPT = "delivery_receipt_json"
_LONGEST_BACKOFF_S = 30.0


def run_step(context: RunContext, step: PlannedStep, epoch: int,
             sleep: Callable[[float], None] = time.sleep) -> RunRecord:
    """Run a step and put its outputs and record into place; the record. Failures are outcomes, not exceptions;
    StorageError when the disk refuses the record itself."""
    with _Workdir(context, step) as workdir:
        started = context.now()
        record = replace(_blank(context, step, epoch), started_at=_iso(started))
        try:
            record = _run(context, step, record, workdir.path, sleep)
        except InputError as error:
            record = replace(record, status=Status.FAILED, reason=error.reason, message=str(error))
        ended = context.now()
        record = replace(record, finished_at=_iso(ended), duration_s=round((ended - started).total_seconds(), 3))
        if record.completed:
            cache.keep(context, step, record, workdir.path / OUTPUTS)
        workdir.put_into_place(record)
    return record


def skip_step(context: RunContext, step: PlannedStep, epoch: int, because: str) -> RunRecord:
    """Record that a step could not run because of another one."""
    at = _iso(context.now())
    record = replace(_blank(context, step, epoch), status=Status.SKIPPED, reason="skipped_upstream",
                     message=f"step {because} did not complete", started_at=at, finished_at=at)
    with _Workdir(context, step) as workdir:
        workdir.put_into_place(record)
    return record


def _run(context: RunContext, step: PlannedStep, record: RunRecord, workdir: Path,
         sleep: Callable[[float], None]) -> RunRecord:
    manifest = what_went_in(context, step)
    record = replace(record, inputs=manifest, inputs_digest=digest_of(manifest))
    taken = cache.take(context, step, record.inputs_digest, workdir / OUTPUTS)
    if taken is not None:
        return replace(record, status=Status.COMPLETED, outputs=taken.outputs, reason=taken.reason,
                       message=taken.message, cached_from=str(taken.id), isolation="none: taken from the cache")
    job, isolation = _job(context, step, record, workdir), sandbox.isolation(context.profile.sandbox)
    record = replace(record, isolation=sandbox.IN_WORDS[isolation])
    for attempt in range(step.retries + 1):
        if attempt:
            _empty(workdir / OUTPUTS)
            sleep(min(2.0 ** (attempt - 1), _LONGEST_BACKOFF_S))
        outcome = results.judge(worker.run(job, isolation), step.kind, job.limits.timeout_s)
        record = replace(record, attempts=attempt + 1, status=outcome.status, reason=outcome.reason,
                         message=outcome.message)
        if record.completed or record.reason not in results.RETRYABLE:
            break
    return _with_outputs(context, step, record, workdir / OUTPUTS)


def _with_outputs(context: RunContext, step: PlannedStep, record: RunRecord, outputs: Path) -> RunRecord:
    """The record with what was made; a failed step's outputs are kept out of sight: nobody may build on them."""
    evidence = _receipt(step, outputs)
    if not record.completed:
        _empty(outputs)
        return replace(record, evidence=evidence)
    try:
        limit = context.profile.limits.output_mb << 20
        made: tuple[OutputFile, ...] = collect(step, outputs, context.digests, limit)
    except OutputError as error:
        _empty(outputs)
        delivered = step.kind is Kind.DELIVERY  # it said so, and a wrong file beside that proves nothing
        return replace(record, status=Status.FAILED, reason="unverified" if delivered else error.reason,
                       message=f"{error.reason}: {error}", evidence=evidence)
    return replace(record, outputs=made, evidence=evidence)


def _receipt(step: PlannedStep, outputs: Path) -> Mapping[str, Any]:
    port = step.contract.outputs.get(RECEIPT)
    if step.kind is not Kind.DELIVERY or port is None:
        return {}
    try:
        receipt = json.loads((outputs / port.path).read_bytes())
    except (OSError, ValueError):
        return {}
    return receipt if isinstance(receipt, dict) else {}


def _job(context: RunContext, step: PlannedStep, record: RunRecord, workdir: Path) -> worker.Job:
    profile = context.profile
    secrets = {secret.name: context.env[secret.name] for secret in step.contract.secrets if secret.name in context.env}
    delivery = _delivery(context) if step.kind is Kind.DELIVERY else {}
    params = {**resolve(context, step), "_platform": {**_platform(context, step, record), "delivery": delivery}}
    folders = tuple(Path(value) for settings in delivery.values() for name, value in settings.items()
                    if name.endswith("_dir"))
    return worker.Job(
        module_dir=context.module_dir(step.contract.module_id).resolve(), params=params, workdir=workdir.resolve(),
        env={**{var.name: var.value for var in step.contract.vars}, **secrets}, secrets=tuple(secrets.values()),
        limits=replace(profile.limits, timeout_s=step.timeout_s or profile.limits.timeout_s),
        readable=tuple(path.resolve() for path in bound_paths(context, step)), writable=folders,
        network=step.contract.network)


def _platform(context: RunContext, step: PlannedStep, record: RunRecord) -> dict[str, Any]:
    return {**step.id._asdict(), "module_id": step.contract.module_id, "run_id": record.run_id,
            "task_hash": step.task_hash, "external_services": context.profile.external_services,
            "delivery_key": derived_id(f"delivery:{step.task_hash}:{record.refund_epoch}"),
            "deliverables": list(step.deliverables)}


def _delivery(context: RunContext) -> dict[str, dict[str, Any]]:
    """The profile's delivery settings; folders made and absolute."""
    settings = {provider: dict(values) for provider, values in context.profile.delivery.items()}
    for values in settings.values():
        for name in [name for name in values if name.endswith("_dir")]:
            folder = (context.root / values[name]).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            values[name] = str(folder)
    return settings


def _blank(context: RunContext, step: PlannedStep, epoch: int) -> RunRecord:
    return RunRecord(*step.id, step.contract.module_id, step.contract.version, step.kind.value, Status.FAILED,
                     step.task_hash, epoch, derived_id(f"run:{step.task_hash}:{epoch}"), "")


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _iso(at: Any) -> str:
    return str(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


class _Workdir:
    """A fresh folder beside the step's own, named for this thread; what earlier crashes left there is removed."""

    def __init__(self, context: RunContext, step: PlannedStep) -> None:
        self._target = step_dir(context.runtime_dir, step.id)
        prefix = f".{step.id.step_id}."
        self.path = self._target.parent / f"{prefix}{os.getpid()}.{threading.get_ident()}"
        self._old = self._target.parent / f"{prefix}old"

    def __enter__(self) -> "_Workdir":
        try:
            for left in self._target.parent.glob(f".{self._target.name}.*"):
                shutil.rmtree(left)
            (self.path / OUTPUTS).mkdir(parents=True)
            (self.path / LOG).touch()
        except OSError as error:
            raise StorageError(f"{self.path}: cannot be made ({error.strerror}); free space, run again") from error
        return self

    def put_into_place(self, record: RunRecord) -> None:
        """Outputs, log and record appear together; between the two renames nothing is there, which means: not run."""
        write_atomic(self.path / RECORD, as_bytes(record))
        try:
            if self._target.exists():
                self._target.rename(self._old)
            self.path.rename(self._target)
            shutil.rmtree(self._old, ignore_errors=True)
        except OSError as error:
            raise StorageError(f"{self._target}: cannot be put into place ({error.strerror}); run again") from error

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

