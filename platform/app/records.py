"""The run records of a runtime directory, each read once."""
from collections.abc import Mapping
from pathlib import Path

from platform.model.ids import STEP, OrderId, StepId, matches
from platform.model.plan import PlannedOrder, PlannedStep
from platform.model.run import RunRecord
from platform.run.records import NewestRecords


class Records:
    """`newest(step id)` is the step's run record, of any plan; None if the step never ran."""

    def __init__(self, runtime_dir: Path) -> None:
        self._runtime_dir = runtime_dir
        kept = NewestRecords(runtime_dir)
        self.newest, self.keep = kept.of, kept.keep  # steps use them, too
        self.forget = kept.forget

    def every(self, order: OrderId) -> tuple[RunRecord, ...]:
        """All existing records of the order's steps, of any plan."""
        folder = self._runtime_dir.joinpath(*order)
        names = (
            sorted(path.name for path in folder.iterdir() if path.name[0] != ".")
            if folder.is_dir()
            else []
        )
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
