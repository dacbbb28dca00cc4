"""Run a module with its author's own inputs. They are the outputs of a step that never ran: so a
file or a directory reaches the module as a bound output does."""
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from platform import trees
from platform.app.run import Run
from platform.confined import named
from platform.errors import StorageError
from platform.files import Digests
from platform.model.characters import refused_in
from platform.model.content_type import content_type
from platform.model.contract import Contract
from platform.model.ids import StepId
from platform.model.order import Binding, Kind
from platform.model.run import OutputFile, RunRecord, Status
from platform.owned import storage_error
from platform.run.records import output_path
from platform.verify.given import Given
from platform.verify.selftest import NO_TENANT, PlannedTest, planned
from platform.verify.trial import Trial, tried

_ORDER = "run_module"
_INPUTS = StepId(NO_TENANT, _ORDER, "the-inputs")  # no module's id has a hyphen


def planned_author_run(contract: Contract, given: Given) -> PlannedTest:
    """The run as a planned step."""
    bound = {name: Binding(from_step=_INPUTS.step_id, output_id=name) for name in given.paths}
    return planned(contract, {**given.values, **bound}, _ORDER)


def author_run(run: Run, test: PlannedTest, given: Given, folder: Path) -> Trial:
    """Run the planned step in `folder`, which gets copies of the given files. Errors as `tried`;
    StorageError too if a given file cannot be copied."""
    record = _inputs_record(test.step.contract, given.paths, folder)
    return tried(run, test, folder, lambda step: record if step == _INPUTS else None)


def _inputs_record(contract: Contract, paths: Mapping[str, Path], folder: Path) -> RunRecord:
    """The record of a step that made copies of these files and directories."""
    digests = Digests()
    outputs = tuple(_copied(contract, name, path, folder, digests) for name, path in paths.items())
    return RunRecord(*_INPUTS, "", "", Kind.OTHER.value, Status.COMPLETED, "", 0, "", "",
                     outputs=outputs)


def _copied(contract: Contract, name: str, path: Path, folder: Path,
            digests: Digests) -> OutputFile:
    own = path.resolve().name
    below = f"{name}/{name if not own or refused_in(own) else own}"
    target = output_path(folder, _INPUTS, below)
    is_folder = contract.inputs[name].type == "dir"
    try:
        target.parent.mkdir(parents=True)
        if is_folder:
            target.mkdir()
            handle = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
            try:
                trees.copy(path.resolve(), handle)
            finally:
                os.close(handle)
        else:
            with named(path) as source, open(source, "rb", closefd=False) as file, \
                    target.open("wb") as copy:
                shutil.copyfileobj(file, copy)
        seen = (digests.seen_tree if is_folder else digests.seen)(target)
        size = trees.measure(target) if is_folder else seen.bytes
    except trees.TooMuch as error:
        raise StorageError(f"{path}: {error}; name a smaller directory") from error
    except OSError as error:
        raise storage_error(path, "be copied", error) from error
    return OutputFile(name, "dir" if is_folder else "file", below, seen.sha256, size,
                      "" if is_folder else content_type(own))
