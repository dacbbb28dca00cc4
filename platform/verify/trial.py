"""Run a module outside any order, in the sandbox of a step: nothing is charged, and a delivery
leaves this machine for nobody.
"""
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from platform.app.run import Run
from platform.confined import Refused, inside, read_file
from platform.files import Digests
from platform.model.contract import Contract
from platform.model.ids import StepId
from platform.model.order import Kind
from platform.model.profile import Profile
from platform.model.run import OutputFile, RunRecord
from platform.run.context import RunContext
from platform.run.executors import executor_of
from platform.run.records import LOG, step_dir
from platform.run.step import run_step
from platform.verify.frame import Frame, split_log
from platform.verify.selftest import NO_TENANT, PlannedTest

DELIVERED = "delivered"  # below the directory of a trial: what a delivery module delivered
_LARGEST_LOG = 1 << 30  # bytes; the limit for a step's log is far below

RecordOf = Callable[[StepId], RunRecord | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a module. `log` is what it printed, without the traceback of a crash: `frame` is
    the author's line of it. `problem` is empty if the run did what was expected of it. `lacks` says
    why it was not run here, and what to install."""

    module_id: str
    problem: str
    record: RunRecord | None = None
    log: str = ""
    frame: Frame | None = None
    lacks: str = ""

    @property
    def outputs(self) -> tuple[OutputFile, ...]:
        return self.record.outputs if self.record else ()


def tried(run: Run, test: PlannedTest, folder: Path, records: RecordOf = lambda _: None) -> Trial:
    """Run a step in the directory `folder`, an absolute path; its files are in `step_dir`.

    `records` knows the steps that it binds. The problem is that of its record: a run that did not
    complete.

    Raises:
        StorageError: the disk failed.
        ForbiddenError: the profile demands an isolation that this machine does not have.
    """
    step, workspace = test.step, run.workspace
    contract = step.contract
    module_dir = run.context.module_dir(contract.module_id)
    try:
        fixtures = {(NO_TENANT, path): inside(module_dir, path) for path in test.fixtures}
    except Refused as error:
        return Trial(contract.module_id, f"has a fixture that is not in its directory: "
                                         f"{error.offender} is {error.kind}")
    profile = _kept_within(workspace.profile, folder)
    record = run_step(
        RunContext(
            root=workspace.root, runtime_dir=folder, profile=profile, digests=Digests(),
            env=os.environ, now=lambda: datetime.now(UTC), record=records,
            executor=executor_of(profile), assets=fixtures, reasons=run.snapshot.repo.reasons,
            module_dirs=run.context.module_dirs),
        replace(step, contract=_at_home(contract)), 0)
    log = read_file(step_dir(folder, step.id) / LOG, _LARGEST_LOG).decode(errors="replace")
    problem = "" if record.completed else f"{record.reason}: {record.message}"
    said, frame = (log, None) if record.completed else split_log(log, module_dir, record.message)
    return Trial(contract.module_id, problem, record, said, frame)


def _at_home(contract: Contract) -> Contract:
    """The contract of a delivery without network and secrets: a trial sends nothing to anybody."""
    return replace(contract, network=False, secrets=()) if contract.kind is Kind.DELIVERY \
        else contract


def _kept_within(profile: Profile, folder: Path) -> Profile:
    """The profile with every delivery directory below `folder`, and with mail that goes to a
    directory there."""
    delivery = {
        provider: {
            name: f"{folder}/{DELIVERED}/{provider}" if name.endswith("_dir") else value
            for name, value in settings.items()
        }
        for provider, settings in profile.delivery.items()
    }
    if "email" in delivery:
        delivery["email"] |= {"transport": "outbox", "outbox_dir": f"{folder}/{DELIVERED}/email"}
    return replace(profile, delivery=delivery)
