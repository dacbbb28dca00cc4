"""The context in which a step runs: directories, profile, environment and clock, in one value."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from platform.files import Digests
from platform.model.ids import StepId
from platform.model.profile import Profile
from platform.model.reasons import Reasons
from platform.model.run import RunRecord
from platform.ports.executor import Executor


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run's view of the machine.

    * `root` and `runtime_dir` are absolute.
    * `env` contains the secrets.
    * `now` returns aware times.
    * `record` returns any step's newest record.
    * `executor` runs the jobs of this run.
    * `stopped` is told of a step whose run ended without a record, while its log still exists.
    * `assets` maps (tenant id, bound path) to the file.

    A module's code is read once per context. The next run sees later changes, and runs the step
    again.
    """

    root: Path
    runtime_dir: Path
    profile: Profile
    digests: Digests
    env: Mapping[str, str]
    now: Callable[[], datetime]
    record: Callable[[StepId], RunRecord | None]
    executor: Executor
    stopped: Callable[[StepId], object] = lambda _: None
    assets: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    reasons: Reasons = field(default_factory=Reasons)
    # of modules that are not in the workspace's modules/, by id
    module_dirs: Mapping[str, Path] = field(default_factory=dict)
    # by module, path
    module_code: dict[str, dict[str, str]] = field(default_factory=dict, repr=False, compare=False)

    def module_dir(self, module_id: str) -> Path:
        """The module's directory."""
        return self.module_dirs.get(module_id) or self.root / "modules" / module_id
