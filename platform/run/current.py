"""Whether a step is up to date: its record, its inputs and its outputs on disk agree; and where
they do not.

There is one list of reasons to run. A run reads it up to the first kind of reason; `why` reads all
of it.
"""
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.order import Binding, bindings_in, pointers_in
from platform.model.plan import PlannedStep
from platform.model.run import OutputFile, RunRecord, Status
from platform.run.context import RunContext
from platform.run.delivery_settings import inputs_then
from platform.run.fault import Fault
from platform.run.inputs import differences, what_went_in
from platform.run.records import output_path

_ORDERED = "what was ordered changed"


@dataclass(frozen=True, slots=True)
class RunReason:
    """One reason to run: a field, with its value in the recorded run and now. None: no value.

    * `field` is `record`, `status`, `task_hash`, `inputs.<port>`, `bindings.<JSON pointer>.<what>`,
      a module file's path, `step:<id>` or `outputs/<path>`.
    * `source` describes the origin of a bound value, and `upstream` is the step that it comes from.
    """

    words: str
    field: str
    old: Any = None
    new: Any = None
    source: str = ""
    upstream: str = ""

    @property
    def is_loss(self) -> bool:
        """Whether only outputs, of this step or upstream, are missing or damaged. The step then
        makes the same outputs again, as far as it can."""
        return self.field == "record" or self.field.startswith(("outputs/", "step:"))


def current(context: RunContext, step: PlannedStep) -> tuple[str, ...]:
    """Why the step would run now, in words; empty if it is up to date.

    It costs stat calls and reading the selected inputs. No file is hashed twice (`Digests`).
    """
    return tuple(reason.words for reason in first_reasons(context, step))


def first_reasons(context: RunContext, step: PlannedStep) -> tuple[RunReason, ...]:
    """The reasons of `current` as values."""
    return next(_kinds(context, step), ())


def reasons(context: RunContext, step: PlannedStep) -> tuple[RunReason, ...]:
    """Every reason why the step would run now, those of `current` first; empty if it is up to date.
    """
    found: dict[tuple[str, str, str], RunReason] = {}
    for reason in (reason for kind in _kinds(context, step) for reason in kind):
        found.setdefault((reason.field, repr(reason.old), repr(reason.new)), reason)
    return tuple(found.values())


def damage(context: RunContext, record: RunRecord) -> tuple[str, ...]:
    """What is wrong with the outputs of a record on disk; empty if they match it."""
    return tuple(reason.words for reason in _outputs(context, record))


def _kinds(context: RunContext, step: PlannedStep) -> Iterator[tuple[RunReason, ...]]:
    """Reasons by kind, the cheapest to find first; kinds without a reason are left out."""
    record = context.record(step.id)
    if record is None:
        yield (RunReason("it has not run yet", "record"),)
        return
    if not record.completed:
        ended = f"{record.status} {record.reason}"
        yield (
            RunReason(f"its last run ended {ended}", "status", ended, "COMPLETED", record.message),
        )
    if record.task_hash != step.task_hash:
        yield _ordered(step, record)
    # Only bindings count. A step that only comes earlier in the order does not make this one run.
    bound = dict.fromkeys(
        binding.from_step for _, binding in bindings_in(step.params) if binding.from_step
    )
    waiting = tuple(
        RunReason(f"step {name} has not completed", f"step:{name}", None, state, upstream=name)
        for name in bound
        if (state := _state(context, StepId(*step.id.order, name))) != Status.COMPLETED
    )
    if waiting:
        yield waiting
    elif record.inputs_digest and (moved := _inputs(context, step, record)):
        yield moved
    if record.completed and (damaged := tuple(_outputs(context, record))):
        yield damaged


def _state(context: RunContext, step_id: StepId) -> str:
    """How a step's last run ended, in words."""
    record = context.record(step_id)
    return (
        f"{record.status} {record.reason if not record.completed else ''}".rstrip()
        if record
        else "not run"
    )


def _ordered(step: PlannedStep, record: RunRecord) -> tuple[RunReason, ...]:
    """The task hash, and the fields of its manifest that changed it."""
    moved = [(path, old, new) for path, old, new in differences(record.task, step.spec)]
    named = ", ".join(path for path, _, _ in moved)
    whole = RunReason(
        f"{_ORDERED}: {named or 'its task hash'}", "task_hash", record.task_hash, step.task_hash
    )
    return whole, *_named(step, moved)


def _inputs(context: RunContext, step: PlannedStep, record: RunRecord) -> tuple[RunReason, ...]:
    try:
        manifest = what_went_in(context, step)
    except Fault as error:
        return (RunReason(str(error), "inputs"),)
    (then, digest_then), now = inputs_then(step.contract, record), digest_of(manifest)
    if now == digest_then:
        return ()
    moved = differences(then, manifest)
    return _named(step, moved) or (
        RunReason("its inputs changed", "inputs_digest", digest_then, now),
    )


def _named(step: PlannedStep, moved: list[tuple[str, Any, Any]]) -> tuple[RunReason, ...]:
    """The differences of two manifests as reasons. Module files have their path, and bindings have
    their source."""
    sources = _sources(step.params)
    found = []
    for path, old, new in moved:
        pointer = path.removeprefix("bindings.").rpartition(".")[0]
        source, upstream = (
            sources.get(pointer, ("", "")) if path.startswith("bindings.") else ("", "")
        )
        field = path.replace("module_code.", f"modules/{step.contract.module_id}/", 1)
        change = "is new" if old is None else "is gone" if new is None else "changed"
        found.append(RunReason(f"{field} {change}", field, old, new, source, upstream))
    return tuple(found)


def _sources(params: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Where each bound value comes from, in words and as a step id, by its JSON pointer."""
    return {
        pointer: (_named_source(binding), binding.from_step)
        for pointer, binding in pointers_in(params).items()
    }


def _named_source(binding: Binding) -> str:
    if binding.asset:
        return f"asset {binding.asset}"
    return f"{binding.output_id or binding.from_file} of step {binding.from_step}"


def _outputs(context: RunContext, record: RunRecord) -> Iterator[RunReason]:
    for output in record.outputs:
        now = _digest(context, record, output)
        if now != output.sha256:
            change = "is missing" if now is None else "was changed"
            yield RunReason(
                f"its output {output.path} {change}", f"outputs/{output.path}", output.sha256, now
            )


def _digest(context: RunContext, record: RunRecord, output: OutputFile) -> str | None:
    path = output_path(context.runtime_dir, record.id, output.path)
    try:
        return context.digests.tree(path) if output.type == "dir" else context.digests.file(path)
    except OSError:
        return None
