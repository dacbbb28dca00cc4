"""What goes into a step: as one manifest that is digested and explained, and as the values the module gets.

The manifest holds content, never names of tenants, orders or steps: two steps with the same manifest would make the
same outputs, so the content cache is keyed by its digest.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform.files import files_below
from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.order import Binding, Kind, Selector, with_bindings
from platform.model.plan import PlannedStep
from platform.plan.bind import SelectError, select
from platform.plan.fingerprint import how
from platform.run.context import RunContext
from platform.run.records import output_path

NOT_CODE = frozenset({"__pycache__", "tests"})


class InputError(Exception):
    """A bound file that is not there or is not what its selector reads: the step fails with `reason`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bound:
    """The file or folder behind a binding, as it is now."""

    path: Path
    sha256: str
    bytes: int
    content_type: str = ""
    step_id: str = ""
    output_id: str = ""
    module_id: str = ""


def what_went_in(context: RunContext, step: PlannedStep) -> dict[str, Any]:
    """The manifest of a step's inputs. InputError when a bound output does not exist."""
    bindings: dict[str, Any] = {}

    def stand_apart(pointer: str, binding: Binding) -> None:
        bindings[pointer] = {"sha256": bound(context, step, binding).sha256, **how(binding)}

    manifest = {
        "module_id": step.contract.module_id, "module_version": step.contract.version,
        "module_code": module_code(context, step.contract.module_id),
        "inputs": with_bindings(step.params, stand_apart), "bindings": bindings,
        "deliverables": sorted(step.deliverables),
    }
    if step.contract.external:
        manifest["external_services"] = context.profile.external_services
    if step.kind is Kind.DELIVERY:
        manifest["delivery"] = {name: dict(settings) for name, settings in context.profile.delivery.items()}
    return manifest


def resolve(context: RunContext, step: PlannedStep) -> dict[str, Any]:
    """The step's inputs as JSON values. InputError when a file is missing or is not what its selector reads."""
    def value(pointer: str, binding: Binding) -> Any:
        return _value(pointer, binding, bound(context, step, binding))

    return dict(with_bindings(step.params, value))


def bound_paths(context: RunContext, step: PlannedStep) -> tuple[Path, ...]:
    """The files and folders that the step may read besides its module."""
    paths: list[Path] = []
    with_bindings(step.params, lambda _, binding: paths.append(bound(context, step, binding).path))
    return tuple(dict.fromkeys(paths))


def bound(context: RunContext, step: PlannedStep, binding: Binding) -> Bound:
    """The file behind a binding: an asset, or an output in the record of a step upstream."""
    if binding.asset:
        path = context.assets[step.id.tenant_id, binding.asset]
        try:
            return Bound(path, context.digests.file(path), path.stat().st_size)
        except OSError as error:
            raise InputError("missing_required_input", f"asset {binding.asset}: {error.strerror}") from error
    return _from_step(context, StepId(*step.id.order, binding.from_step), binding)


def _from_step(context: RunContext, upstream: StepId, binding: Binding) -> Bound:
    record = context.record(upstream)
    for output in record.outputs if record and record.completed else ():
        path = output_path(context.runtime_dir, upstream, output.path)
        origin = {"step_id": upstream.step_id, "output_id": output.output_id,
                  "module_id": record.module_id if record else ""}
        if binding.output_id == output.output_id or binding.from_file == output.path:
            return Bound(path, output.sha256, output.bytes, output.content_type, **origin)
        if output.type == "dir" and binding.from_file.startswith(output.path + "/"):
            inner = path / binding.from_file[len(output.path) + 1:]
            if inner.is_file():
                return Bound(inner, context.digests.file(inner), inner.stat().st_size, "", **origin)
    name = binding.output_id or binding.from_file
    raise InputError("missing_required_input", f"step {upstream.step_id} made no {name}")


def _value(pointer: str, binding: Binding, file: Bound) -> Any:
    if binding.selector is Selector.FILE:
        value = {"path": str(file.path), "sha256": file.sha256, "bytes": file.bytes, "content_type": file.content_type,
                 "step_id": file.step_id, "output_id": file.output_id, "module_id": file.module_id}
        return {**value, "as_path": binding.as_path} if binding.as_path else value
    try:
        return select(file.path.read_bytes(), binding)
    except SelectError as error:
        raise InputError("bad_input_format", f"{pointer[1:]}: {file.path.name} {error}") from error
    except OSError as error:
        raise InputError("missing_required_input", f"{pointer[1:]}: {file.path.name}: {error.strerror}") from error


def module_code(context: RunContext, module_id: str) -> str:
    """Digest of a module's code and contract; words for people, tests and compiled files are not code."""
    if module_id not in context.module_code:
        folder = context.module_dir(module_id)
        context.module_code[module_id] = digest_of(
            [[below, context.digests.file(path)] for below, path in files_below(folder) if is_code(below)])
    return context.module_code[module_id]


def is_code(below: str) -> bool:
    """Whether a file, by its path below the module's folder, can change what the module does."""
    return not NOT_CODE.intersection(below.split("/")) and not below.endswith((".md", ".pyc"))


def differences(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> list[tuple[str, Any, Any]]:
    """Where two manifests differ, as (path, old value, new value), in the order of the paths; None for not there."""
    found = []
    for name in sorted({*old, *new}):
        ours, theirs = old.get(name), new.get(name)
        path = f"{above}.{name}" if above else name
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            found += differences(ours, theirs, path)
        elif ours != theirs:
            found.append((path, ours, theirs))
    return found
