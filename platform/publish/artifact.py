"""One purchase as one zip: the outputs that its deliverable promises, proved to be the ones that were bought.

The zip's bytes depend on those outputs alone. It knows no ledger and no release store.
"""
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platform.bundle.archive import write_package
from platform.bundle.manifest import BundleError, Source, entries_of
from platform.errors import StorageError
from platform.files import sha256_file
from platform.model.contract import Contract
from platform.model.run import RunRecord
from platform.publish.select import Purchase
from platform.run.records import output_path


class NotThere(Exception):
    """What was bought cannot be published now. `lost`: the step completed and its outputs are gone or changed;
    otherwise it is only not made yet, or another version of the order has taken its place."""

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


@dataclass(frozen=True, slots=True)
class Artifact:
    """A zip that was written; `bytes` is its size."""

    path: Path
    sha256: str
    bytes: int


def promised(purchase: Purchase, record: RunRecord | None, contracts: Mapping[str, Contract],
             runtime_dir: Path) -> tuple[Source, ...]:
    """The outputs to pack, by the contract and the step's record. NotThere when they cannot be the ones bought."""
    contract = contracts.get(purchase.module_id)
    deliverable = contract.deliverables.get(purchase.deliverable_id) if contract else None
    if deliverable is None:
        raise NotThere(f"modules/{purchase.module_id}/module.yml does not promise it any more; restore the contract")
    if record is None:
        raise NotThere("its step has not run here; run the order, or name the runtime folder it ran in")
    if record.task_hash != purchase.task_hash:
        raise NotThere("its step ran since for another version of the order, which replaced these outputs")
    if not record.completed:
        raise NotThere(f"its step ended {record.status} {record.reason}; run the order again")
    missing = [name for name in deliverable.outputs if record.output(name) is None]
    if missing:
        raise NotThere(f"its step made no {', '.join(missing)}", lost=True)
    return tuple(Source(output_path(runtime_dir, purchase.step, output.path), output.sha256, f"outputs/{output.path}",
                        purchase.step.step_id, record.module_id, output.output_id)
                 for name in deliverable.outputs if (output := record.output(name)))


def write_artifact(sources: tuple[Source, ...], target: Path) -> Artifact:
    """The zip, written over what a publisher who was killed may have left there.

    NotThere when an output on disk is not what its record says; StorageError when the disk refuses.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_package(target, entries_of(sources))
        return Artifact(target, sha256_file(target), target.stat().st_size)
    except BundleError as error:
        raise NotThere(str(error), lost=True) from error
    except OSError as error:
        raise StorageError(f"{target}: cannot be written ({error.strerror}); mend it, then publish again") from error
