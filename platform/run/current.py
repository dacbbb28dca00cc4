"""Whether a step is done: its record, what would go in now, and its outputs on disk all agree."""
from platform.model.digest import digest_of
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile, RunRecord
from platform.run.context import RunContext
from platform.run.inputs import InputError, differences, what_went_in
from platform.run.records import output_path


def current(context: RunContext, step: PlannedStep) -> tuple[str, ...]:
    """Why the step would run now, the first reason first; none when it is done."""
    record = context.record(step.id)
    if record is None:
        return ("it has not run yet",)
    if record.task_hash != step.task_hash:
        return ("its inputs in the order, its module's version or what is bought changed",)
    if not record.completed:
        return (f"its last run ended {record.status} {record.reason}",)
    try:
        manifest = what_went_in(context, step)
    except InputError as error:
        return (str(error),)
    if digest_of(manifest) != record.inputs_digest:
        changed = differences(record.inputs, manifest)
        return tuple(f"{path} changed" for path, _, _ in changed) or ("what went in changed",)
    return damage(context, record)


def damage(context: RunContext, record: RunRecord) -> tuple[str, ...]:
    """What is wrong with a record's outputs on disk; none when they are what it says."""
    return tuple(reason for output in record.outputs if (reason := _damage(context, record, output)))


def _damage(context: RunContext, record: RunRecord, output: OutputFile) -> str:
    path = output_path(context.runtime_dir, record.id, output.path)
    try:
        digest = context.digests.tree(path) if output.type == "dir" else context.digests.file(path)
    except OSError:
        return f"its output {output.path} is missing"
    return "" if digest == output.sha256 else f"its output {output.path} was changed"
