"""Where a step runs: folders, profile, environment and clock, as one value that the session or a test hands in."""
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from platform.files import Digests
from platform.model.ids import StepId
from platform.model.profile import Profile
from platform.model.run import RunRecord


@dataclass(frozen=True, slots=True)
class RunContext:
    """`record` gives the newest record of any step; `assets` the file of (tenant id, path); `env` holds the secrets."""

    root: Path
    runtime_dir: Path
    profile: Profile
    digests: Digests
    env: Mapping[str, str]
    now: Callable[[], datetime]
    record: Callable[[StepId], RunRecord | None]
    assets: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    module_code: dict[str, str] = field(default_factory=dict)  # digests of module folders, each taken once

    def module_dir(self, module_id: str) -> Path:
        return self.root / "modules" / module_id
