"""The run records of a runtime directory, each read once."""
from collections.abc import Mapping
from pathlib import Path

from platform.model.ids import STEP, OrderId, StepId, matches
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.run import RunRecord
from platform.run.records import read_record


class Records:
    """Safe for threads: a record that two of them read at once is the same."""

    def __init__(self, runtime_dir: Path) -> None:
        self._runtime_dir = runtime_dir
        self._read: dict[StepId, RunRecord | None] = {}

    def newest(self, step_id: StepId) -> RunRecord | None:
        """The step's run record, of whatever plan; None when it never ran."""
        if step_id not in self._read:
            self._read[step_id] = read_record(self._runtime_dir, step_id)
        return self._read[step_id]

    def every(self, order: OrderId) -> tuple[RunRecord, ...]:
        """The records of all steps that ever ran for the order and still exist, of whatever plan."""
        folder = self._runtime_dir.joinpath(*order)
        names = sorted(path.name for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []
        found = (self.newest(StepId(*order, name)) for name in names if matches(STEP, name))
        return tuple(record for record in found if record)

    def of_step(self, planned: PlannedStep) -> RunRecord | None:
        """The step's record if it belongs to this plan: if it has the same task hash."""
        record = self.newest(planned.id)
        return record if record and record.task_hash == planned.task_hash else None

    def of_order(self, order: PlannedOrder) -> Mapping[str, RunRecord]:
        """The records that belong to this plan, by step id."""
        found = {step.id.step_id: self.of_step(step) for step in order.steps}
        return {name: record for name, record in found.items() if record}

    def keep(self, record: RunRecord) -> None:
        """A step has just ended, and this is its record now."""
        self._read[record.id] = record
