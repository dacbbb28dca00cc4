"""A step's inputs: a manifest, which is digested and explained, and the values that the module
gets.

Both are derived from the same values in one pass, so they always agree. The manifest contains
everything that can change the module's outputs, and nothing about where it runs: no tenant, order,
step or directory. Two steps with the same manifest have the same outputs, so the manifest's digest
is the key of the content cache.
"""
import errno
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platform.check.values import CheckedParams, check_selected
from platform.confined import inside, read_file
from platform.files import files_below
from platform.model.content_type import content_type
from platform.model.contract import is_code
from platform.model.digest import Identity, digest_of, sha256_hex
from platform.model.ids import StepId
from platform.model.order import Binding, Kind, Selector, filled, pointers_in
from platform.model.plan import PlannedStep
from platform.model.select import SelectError, select
from platform.run import delivery_settings
from platform.run.context import RunContext
from platform.run.fault import Fault
from platform.run.records import output_path

# bytes of a file that a selector reads; this process parses it, outside the sandbox
MOST_SELECTED = 16 << 20
FORMAT = 2  # of the manifest; raise it and every step runs once more, free


@dataclass(frozen=True, slots=True)
class Bound:
    """The file or directory of a binding. `sha256`: for an output, the recorded digest; for an
    asset, the current one."""

    path: Path
    sha256: str
    bytes: int
    folder: bool = False
    content_type: str = ""
    step_id: str = ""
    module_id: str = ""
    output_id: str = ""

    @property
    def name(self) -> str:
        """Its name in messages, which is the same on every machine."""
        return (
            f"{self.path.name} of step {self.step_id}"
            if self.step_id
            else f"asset {self.path.name}"
        )


@dataclass(frozen=True, slots=True)
class Resolved:
    """A step's inputs: `params` for the module, `manifest` for the record, and `bound`, the
    files that the module may read."""

    params: dict[str, Any]
    manifest: dict[str, Any]
    bound: tuple[Bound, ...]


def resolve(context: RunContext, step: PlannedStep) -> Resolved:
    """The inputs of the step as they are now. Files that are bound whole are not read here; see
    `unaltered`.

    Fault: a bound output does not exist, or its selector cannot read it.
    """
    files: list[Bound] = []
    bindings: dict[str, Any] = {}

    values: dict[str, Any] = {}
    for pointer, binding in pointers_in(step.params).items():
        source = _bound(context, step, binding)
        if binding.selector is Selector.FILE:
            files.append(source)
            values[pointer] = _as_param(source, binding)
            bindings[pointer] = {**values[pointer], "path": source.path.name}
        else:
            values[pointer] = _selected(pointer, source, binding)
            bindings[pointer] = {"value_sha256": digest_of(values[pointer])}
    literals = filled(step.params, dict.fromkeys(values))
    return Resolved(dict(filled(step.params, values)), _manifest(context, step, literals, bindings),
                    tuple(dict.fromkeys(files)))


def what_went_in(context: RunContext, step: PlannedStep) -> dict[str, Any]:
    """The manifest, which `inputs_digest` digests and `why` explains. Fault as for `resolve`."""
    return resolve(context, step).manifest


def went_in_digest(context: RunContext, step: PlannedStep) -> str:
    """A digest of inputs and code as they are now. If the inputs cannot be resolved, it digests the
    code and the reason."""
    return went_in_digests(context, step)[0]


def went_in_digests(context: RunContext, step: PlannedStep) -> tuple[str, str]:
    """This digest, and the digest that earlier versions computed (`delivery_settings`)."""
    try:
        manifest = what_went_in(context, step)
    except Fault as fault:
        why_not = digest_of(
            [module_files(context, step.contract.module_id), fault.reason, str(fault)]
        )
        return why_not, why_not
    return digest_of(manifest), digest_of(
        delivery_settings.as_before(manifest, context.profile.delivery)
    )


def unaltered(context: RunContext, resolved: Resolved) -> dict[Path, Identity]:
    """The identity of every bound file when it was digested. Fault if a file on disk differs
    from its record: a damaged result is never used."""
    found = {}
    for bound in resolved.bound:
        try:
            now = (context.digests.seen_tree if bound.folder else context.digests.seen)(bound.path)
        except OSError as error:
            raise Fault("missing_required_input", f"{bound.name}: {error.strerror}") from error
        if now.sha256 != bound.sha256:
            raise Fault(
                "missing_required_input",
                f"{bound.name} is not what was recorded; run that step again",
            )
        found[bound.path] = now.identity
    return found


def conforming(step: PlannedStep, resolved: Resolved) -> CheckedParams:
    """The params, if every selected value matches its port. Fault: the first one that does not."""
    checked = check_selected(step.contract, step.params, resolved.params)
    if not isinstance(checked, CheckedParams):
        raise Fault("bad_input_format", checked)
    return checked


def _manifest(context: RunContext, step: PlannedStep, literals: Mapping[str, Any],
              bindings: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest. Literals have null in place of each binding, and bindings are listed separately
    by JSON pointer. So no literal looks like a binding."""
    manifest = {
        "format": FORMAT,
        "module_id": step.contract.module_id,
        "module_version": step.contract.version,
        "module_code": module_files(context, step.contract.module_id),
        "inputs": literals,
        "bindings": bindings,
        "deliverables": sorted(step.deliverables),
    }
    if step.contract.external:
        manifest["external_services"] = context.profile.external_services
    if step.spec.get("period"):
        # a new period is new work: it cannot use the result of an earlier one
        manifest["period"] = step.spec["period"]
    if step.kind is Kind.DELIVERY:
        manifest[delivery_settings.FIELD] = delivery_settings.counted(
            step.contract, context.profile.delivery
        )
    return manifest


def _bound(context: RunContext, step: PlannedStep, binding: Binding) -> Bound:
    """The file of a binding: an asset, or an output in the record of an upstream step."""
    if not binding.asset:
        return _output(context, StepId(*step.id.order, binding.from_step), binding)
    path = context.assets.get((step.id.tenant_id, binding.asset))
    try:
        if path is None:
            raise FileNotFoundError(2, "no such asset")
        seen = context.digests.seen(path, sole=True)
        return Bound(path, seen.sha256, seen.bytes, False, content_type(binding.asset))
    except OSError as error:
        raise Fault("missing_required_input", f"asset {binding.asset}: {error.strerror}") from error


def _output(context: RunContext, upstream: StepId, binding: Binding) -> Bound:
    record = context.record(upstream)
    if record is None or not record.completed:
        raise Fault("missing_required_input", f"step {upstream.step_id} has not completed")
    # before the directories that contain it
    exact = [output for output in record.outputs if binding.from_file == output.path]
    for output in exact or record.outputs:
        path = output_path(context.runtime_dir, upstream, output.path)
        if binding.output_id == output.output_id or binding.from_file == output.path:
            return Bound(
                path,
                output.sha256,
                output.bytes,
                output.type == "dir",
                output.content_type,
                upstream.step_id,
                record.module_id,
                output.output_id,
            )
        if output.type == "dir" and binding.from_file.startswith(f"{output.path}/"):
            try:
                inner = inside(path, binding.from_file[len(output.path) + 1:])
                seen = context.digests.seen(inner)
            except OSError:  # missing, or not a regular file
                continue
            return Bound(
                inner,
                seen.sha256,
                seen.bytes,
                False,
                content_type(inner.name),
                upstream.step_id,
                record.module_id,
                output.output_id,
            )
    name = binding.output_id or binding.from_file
    raise Fault("missing_required_input", f"step {upstream.step_id} made no {name}")


def _as_param(source: Bound, binding: Binding) -> dict[str, Any]:
    value = {
        "path": str(source.path),
        "sha256": source.sha256,
        "bytes": source.bytes,
        "content_type": source.content_type,
        "step_id": source.step_id,
        "module_id": source.module_id,
        "output_id": source.output_id,
    }
    return {**value, "as_path": binding.as_path} if binding.as_path else value


def _selected(pointer: str, source: Bound, binding: Binding) -> Any:
    try:
        if source.bytes > MOST_SELECTED:
            raise Fault(
                "bad_input_format",
                f"input {pointer[1:]}: {source.name} has {source.bytes} bytes, and a "
                f"selector reads at most {MOST_SELECTED}; bind the file itself",
            )
        data = read_file(source.path, MOST_SELECTED)
        if sha256_hex(data) != source.sha256:
            raise Fault(
                "missing_required_input",
                f"{source.name} is not what was recorded; run that step again",
            )
        return select(data, binding)
    except SelectError as error:
        raise Fault("bad_input_format", f"input {pointer[1:]}: {source.name} {error}") from error
    except OSError as error:
        reason = "bad_input_format" if error.errno == errno.EFBIG else "missing_required_input"
        raise Fault(reason, f"input {pointer[1:]}: {source.name}: {error.strerror}") from error


def module_files(context: RunContext, module_id: str) -> dict[str, str]:
    """Digests of a module's code and contract by path. READMEs, tests and compiled files are not
    code.

    Fault: since the contract was read, a file became a link or unreadable.
    """
    if module_id not in context.module_code:
        folder = context.module_dir(module_id)
        try:
            context.module_code[module_id] = {
                below: context.digests.file(path)
                for below, path in files_below(folder)
                if is_code(below)
            }
        except OSError as error:
            raise Fault(
                "internal_error", f"modules/{module_id} cannot be read: {error.strerror}"
            ) from error
    return context.module_code[module_id]


def module_code(context: RunContext, module_id: str) -> str:
    """One digest of all files of `module_files`."""
    return digest_of(
        [[below, digest] for below, digest in module_files(context, module_id).items()]
    )


def differences(
    old: Mapping[str, Any], new: Mapping[str, Any], above: str = ""
) -> list[tuple[str, Any, Any]]:
    """The differences of two manifests: (path, old value, new value), sorted by path. None: no
    value."""
    found = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        path = f"{above}.{name}" if above else name
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            found += differences(before, after, path)
        elif before != after:
            found.append((path, before, after))
    return found
