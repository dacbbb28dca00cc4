"""The result of a step: its run record. The record is authoritative; doit's store is a cache."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from platform.model.ids import StepId


class Status(StrEnum):
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    NEEDS_DECISION = "NEEDS_DECISION"  # the step is on hold until a person decides
    SKIPPED = "SKIPPED"  # because of another step; the reason is always `skipped_upstream`


@dataclass(frozen=True, slots=True)
class OutputFile:
    """An output when the step ended. For a directory, `sha256` is the digest of the tree, and
    `bytes` is the total size of its files."""

    output_id: str
    type: str  # file | dir
    path: str  # relative to the step's outputs directory
    sha256: str
    bytes: int
    content_type: str = ""


class RunEnding(NamedTuple):
    """How the last run of a task hash at one refund epoch ended. It outlives the run record."""

    refund_epoch: int
    status: Status
    reason: str
    run_id: str
    finished_at: str  # UTC, ISO 8601, with Z
    went_in: str = ""  # of a failure: digest of its inputs and code; earlier versions left it empty


@dataclass(frozen=True, slots=True)
class RunRecord:
    """runtime/<tenant>/<order>/<step>/run.json (schemas/run_record.schema.json).

    Times are UTC, ISO 8601, with Z."""

    tenant_id: str
    work_order_id: str
    step_id: str
    module_id: str
    module_version: str
    kind: str
    status: Status
    task_hash: str
    refund_epoch: int
    run_id: str
    inputs_digest: str  # of `inputs`: whether what went in then is what would go in now
    # the manifest that `inputs_digest` digests and `why` reads
    inputs: Mapping[str, Any] = field(default_factory=dict)
    # the manifest that `task_hash` digests: what was ordered
    task: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[OutputFile, ...] = ()
    reason: str = ""
    message: str = ""
    isolation: str = ""  # bubblewrap | process | none, with an explanation
    attempts: int = 0
    cached_from: str = ""  # the step whose cached result was used instead of a run
    evidence: Mapping[str, Any] = field(default_factory=dict)  # a delivery's receipt
    started_at: str = ""
    finished_at: str = ""
    duration_s: float = 0.0

    @property
    def ended(self) -> "RunEnding":
        """How this run ended: the part that outlives the record."""
        return RunEnding(self.refund_epoch, self.status, self.reason, self.run_id, self.finished_at)

    @property
    def id(self) -> StepId:
        return StepId(self.tenant_id, self.work_order_id, self.step_id)

    @property
    def completed(self) -> bool:
        return self.status is Status.COMPLETED

    def output(self, output_id: str) -> OutputFile | None:
        return next((output for output in self.outputs if output.output_id == output_id), None)
