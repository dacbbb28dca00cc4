"""Whether a step is done: its record, what would go in now, and its outputs on disk all agree."""
from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile, RunRecord
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.inputs import differences, what_went_in
from platform.run.records import output_path


def current(context: RunContext, step: PlannedStep) -> tuple[str, ...]:
    """Why the step would run now, in words, the first reason first; none when it is done.

    Costs stat calls and the reading of selected inputs; nothing is hashed twice (`Digests`).
    """
    record = context.record(step.id)
    if record is None:
        return ("it has not run yet",)
    if not record.completed:
        return (f"its last run ended {record.status} {record.reason}",)
    if record.task_hash != step.task_hash:
        return ("what was ordered changed: its inputs, its module's version, what is bought, or a step before it",)
    waiting = tuple(f"step {name} has not completed" for name in step.upstream
                    if not _completed(context, StepId(*step.id.order, name)))
    return waiting or _inputs(context, step, record) or damage(context, record)


def damage(context: RunContext, record: RunRecord) -> tuple[str, ...]:
    """What is wrong with a record's outputs on disk; none when they are what it says."""
    return tuple(reason for output in record.outputs if (reason := _damage(context, record, output)))


def _completed(context: RunContext, step_id: StepId) -> bool:
    record = context.record(step_id)
    return record is not None and record.completed


def _inputs(context: RunContext, step: PlannedStep, record: RunRecord) -> tuple[str, ...]:
    try:
        manifest = what_went_in(context, step)
    except Fault as error:
        return (str(error),)
    if digest_of(manifest) == record.inputs_digest:
        return ()
    return tuple(f"{path} changed" for path, _, _ in differences(record.inputs, manifest)) or ("its inputs changed",)


def _damage(context: RunContext, record: RunRecord, output: OutputFile) -> str:
    path = output_path(context.runtime_dir, record.id, output.path)
    try:
        digest = context.digests.tree(path) if output.type == "dir" else context.digests.file(path)
    except OSError:
        return f"its output {output.path} is missing"
    return "" if digest == output.sha256 else f"its output {output.path} was changed"
