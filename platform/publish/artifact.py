"""One purchase as one zip: the outputs that its deliverable promises, verified by their digests.

The zip's bytes depend only on those outputs. This module knows neither ledger nor release store.
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


class Unavailable(Exception):
    """A purchase that cannot be published now.

    `lost`: the step completed, but its outputs are missing or changed. Otherwise the outputs do not
    exist yet, or another version of the order has replaced them.
    """

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


@dataclass(frozen=True, slots=True)
class Artifact:
    """A written zip file; `bytes` is its size."""

    path: Path
    sha256: str
    bytes: int


def promised(purchase: Purchase, record: RunRecord | None, contracts: Mapping[str, Contract],
             runtime_dir: Path) -> tuple[Source, ...]:
    """The outputs to pack, from the contract and the step's record.

    Unavailable if they cannot be the ones that were bought.
    """
    contract = contracts.get(purchase.module_id)
    deliverable = contract.deliverables.get(purchase.deliverable_id) if contract else None
    if deliverable is None:
        raise Unavailable(f"modules/{purchase.module_id}/module.yml no longer promises it; "
                       "restore the contract")
    if record is None:
        raise Unavailable("its step has not run here; run the order, or name the runtime directory "
                       "in which it ran")
    if record.task_hash != purchase.task_hash:
        raise Unavailable("its step has run since for another version of the order, "
                       "which replaced these outputs")
    if not record.completed:
        raise Unavailable(f"its step ended {record.status} {record.reason}; run the order again")
    missing = [name for name in deliverable.outputs if record.output(name) is None]
    if missing:
        raise Unavailable(f"its step did not make {', '.join(missing)}", lost=True)
    return tuple(
        Source(
            output_path(runtime_dir, purchase.step, output.path),
            output.sha256,
            f"outputs/{output.path}",
            purchase.step.step_id,
            record.module_id,
            output.output_id,
        )
        for name in deliverable.outputs
        if (output := record.output(name))
    )


def write_artifact(sources: tuple[Source, ...], target: Path) -> Artifact:
    """Write the zip, and replace one that a killed publisher may have left.

    Unavailable if an output on disk does not match its record; StorageError if the zip cannot be
    written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_package(target, entries_of(sources))
        return Artifact(target, sha256_file(target), target.stat().st_size)
    except BundleError as error:
        raise Unavailable(str(error), lost=True) from error
    except OSError as error:
        raise StorageError(f"{target}: cannot be written ({error.strerror}); "
                           "fix that, then publish again") from error
