"""Prove that what each step of an order was given is what the step before it made, from the bytes
on disk."""
import argparse
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import _platform_boot  # noqa: F401  (imported for what it does)
from platform.app.run import Run
from platform.bundle.manifest import JSON_NAME
from platform.cli import script
from platform.commands.common import add_json, add_places, one_order, show
from platform.confined import kind_at, opened, read_file
from platform.files import Digests, files_below
from platform.model.digest import digest_of
from platform.model.ids import StepId
from platform.model.order import Binding, Kind, Selector, with_bindings
from platform.model.plan import PlannedStep
from platform.model.run import RunRecord
from platform.model.select import SelectError, select
from platform.run.inputs import MOST_SELECTED
from platform.run.records import output_path

NOTHING = "nothing"


@dataclass(slots=True)
class Findings:
    """What was compared, counted by kind, and every difference in one line."""

    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def equal(self, kind: str, where: str, ours: object, theirs: object) -> None:
        self.compared[kind] += 1
        if ours != theirs:
            self.differences.append(f"{where}: {ours} here, {theirs} there")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_places(parser)
    parser.add_argument("--tenant-id", required=True, metavar="ID")
    parser.add_argument("--work-order-id", required=True, metavar="ID")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when all that was compared is equal; 1 when something differs or there was nothing to
    compare."""
    run, order = one_order(arguments)
    found = Findings()
    for step in order.steps:
        check_step(run, step, found)
    if not found.compared["inputs"]:
        found.differences.append(
            f"{order.id}: no step is bound to another; there is nothing to compare"
        )
    counts = ", ".join(f"{kind} {count}" for kind, count in sorted(found.compared.items()))
    verdict = "FAILED" if found.differences else "ok"
    show(
        arguments,
        {"ok": not found.differences, "compared": found.compared, "differences": found.differences},
        "\n".join([*found.differences, f"{verdict}  {order.id}: compared {counts or 'nothing'}"]),
    )
    return 1 if found.differences else 0


def check_step(run: Run, step: PlannedStep, found: Findings) -> None:
    record = run.records.newest(step.id)
    if record is None:
        found.differences.append(f"step {step.id}: has no run record")
        return
    found.equal("records", f"step {step.id}: status", record.status.value, "COMPLETED")
    found.equal("records", f"step {step.id}: task hash", record.task_hash, step.task_hash)
    for output in record.outputs:
        path = output_path(run.workspace.runtime_dir, step.id, output.path)
        found.equal(
            "outputs",
            f"step {step.id}: {output.path}, record and disk",
            output.sha256,
            digest(path),
        )
    for pointer, binding in bindings(step):
        check_binding(run, step, record, pointer, binding, found)
    if step.kind is Kind.PACKAGING:
        check_package(run, step, record, found)
    if step.kind is Kind.DELIVERY:
        check_receipt(run, step, record, found)


def bindings(step: PlannedStep) -> list[tuple[str, Binding]]:
    places: list[tuple[str, Binding]] = []
    with_bindings(step.params, lambda pointer, binding: places.append((pointer, binding)))
    return places


def check_binding(run: Run, step: PlannedStep, record: RunRecord, pointer: str, binding: Binding,
                  found: Findings) -> None:
    """What went in then, by the step's own record, is what the step upstream recorded and what lies
    there now."""
    where = f"step {step.id}: input {pointer} from {binding.from_step or binding.asset}"
    went_in = record.inputs.get("bindings", {}).get(pointer, {})
    origin = origin_of(run, step, binding)
    kind = "inputs" if binding.from_step else "assets"
    if origin is None:
        found.equal(kind, where, "an input", NOTHING)
    elif binding.selector is Selector.FILE:
        found.equal(kind, f"{where}, both records", went_in.get("sha256", NOTHING), origin.sha256)
        found.equal(
            kind, f"{where}, record and disk", went_in.get("sha256", NOTHING), digest(origin.path)
        )
    else:
        found.equal(
            kind,
            f"{where}, {binding.selector} then and now",
            went_in.get("value_sha256", NOTHING),
            selected(origin.path, binding),
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """The file or folder that a binding names, and what its own step recorded of it (of an asset:
    what it is)."""

    path: Path
    sha256: str
    step_id: str = ""
    output_id: str = ""


def origin_of(run: Run, step: PlannedStep, binding: Binding) -> Origin | None:
    if binding.asset:
        asset = run.snapshot.repo.assets.get((step.id.tenant_id, binding.asset))
        return Origin(run.workspace.root / asset.file, asset.sha256) if asset else None
    record = run.records.newest(StepId(*step.id.order, binding.from_step))
    for output in record.outputs if record else ():
        path = output_path(
            run.workspace.runtime_dir, StepId(*step.id.order, binding.from_step), output.path
        )
        if binding.output_id == output.output_id or binding.from_file == output.path:
            return Origin(path, output.sha256, binding.from_step, output.output_id)
        if output.type == "dir" and binding.from_file.startswith(output.path + "/"):
            inner = path / binding.from_file[len(output.path) + 1:]
            return Origin(inner, digest(inner), binding.from_step, output.output_id)
    return None


def selected(path: Path, binding: Binding) -> str:
    """The digest of what the selector makes of the file now."""
    try:
        return digest_of(select(read_file(path, MOST_SELECTED), binding))
    except (OSError, SelectError):
        return NOTHING


def check_package(run: Run, step: PlannedStep, record: RunRecord, found: Findings) -> None:
    """Each file of the zip is the one that its manifest names, and that is one that was bound."""
    there = Counter(
        (origin.step_id, origin.output_id, sha)
        for _, binding in bindings(step)
        if binding.selector is Selector.FILE and (origin := origin_of(run, step, binding))
        for sha in shas(origin.path)
    )
    zipped = record.output("package_zip")
    if zipped is None:
        found.differences.append(f"step {step.id}: made no package_zip")
        return
    try:
        with (opened(output_path(run.workspace.runtime_dir, step.id, zipped.path)) as handle,
              open(handle, "rb", closefd=False) as file, zipfile.ZipFile(file) as archive):
            rows = json.loads(archive.read(JSON_NAME))["files"]
            for row in rows:
                inside = sha256(archive.read(row["dest_path"])).hexdigest()
                found.equal(
                    "package entries",
                    f"step {step.id}: {row['dest_path']}, manifest and zip",
                    row["sha256"],
                    inside,
                )
        listed = Counter(
            (row["source_step_id"], row["source_output_id"], row["sha256"]) for row in rows
        )
        found.equal(
            "packages",
            f"step {step.id}: manifest and what was bound",
            sorted(listed - there),
            sorted(there - listed),
        )
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        found.differences.append(
            f"step {step.id}: {zipped.path} cannot be read as a package ({error})"
        )


def check_receipt(run: Run, step: PlannedStep, record: RunRecord, found: Findings) -> None:
    """The receipt is about the package as it lies on disk."""
    receipt, package = record.output("delivery_receipt_json"), step.params.get("package_zip")
    origin = origin_of(run, step, package) if isinstance(package, Binding) else None
    if receipt is None or origin is None:
        found.differences.append(
            f"step {step.id}: has no receipt, or no package that it could be about"
        )
        return
    try:
        says: dict[str, Any] = json.loads(
            read_file(output_path(run.workspace.runtime_dir, step.id, receipt.path), MOST_SELECTED))
        size = origin.path.lstat().st_size
        found.equal(
            "receipts",
            f"step {step.id}: receipt and package",
            (says["sha256"], says["bytes"]),
            (digest(origin.path), size),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        found.differences.append(
            f"step {step.id}: {receipt.path} cannot be read as a receipt ({error})"
        )


def digest(path: Path) -> str:
    """SHA-256 of a file or a folder, read now: what a cache remembers proves nothing."""
    read: Callable[[Path], str] = Digests().tree if kind_at(path) == "folder" else Digests().file
    try:
        return read(path)
    except OSError:
        return NOTHING


def shas(path: Path) -> Iterator[str]:
    """The digest of a file, or of each file of a folder."""
    yield from (
        (digest(file) for _, file in files_below(path))
        if kind_at(path) == "folder"
        else (digest(path),)
    )


if __name__ == "__main__":
    sys.exit(script(str(__doc__), add_arguments, run))
