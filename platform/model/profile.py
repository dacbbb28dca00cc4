"""A runtime profile: where files are kept, and which external services are live."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platform.model.problem import NOWHERE, SourceFile


@dataclass(frozen=True, slots=True)
class Limits:
    """What one step may use. Zero means no limit.

    `enforce`: `cgroup` limits the step as a whole, and does not run it where that is impossible.
    `process` limits each of its processes. `auto` uses cgroups where they are available."""

    timeout_s: int = 300  # seconds
    memory_mb: int = 2048  # MiB
    processes: int = 256
    file_mb: int = 2048  # MiB of one file
    output_mb: int = 4096  # MiB of all outputs
    enforce: str = "auto"  # auto | cgroup | process


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of the history of runs is kept: what exceeds one of the two is removed."""

    keep_days: int = 30
    keep_runs: int = 5000


@dataclass(frozen=True, slots=True)
class Profile:
    """config/runtime_profile*.yml. Directories are relative to the repository's root."""

    profile_id: str = "local"
    external_services: str = "recorded"  # recorded | live
    billing_state_dir: str = ".billing-state"
    billing_state_release: str = "none"  # none | optional | required
    billing_state_expires_days: int = 30
    # {generation, seq, hash}
    billing_state_trusted_head: Mapping[str, Any] = field(default_factory=dict)
    runtime_dir: str = "runtime"
    # {type: none | folder | github, ...}
    release_store: Mapping[str, Any] = field(default_factory=dict)
    # by provider: email, folder, ...
    delivery: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # {key_env, key_file, public_key}, each optional
    signing: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    history: Retention = field(default_factory=Retention)
    repairs: str = "hold"  # hold | resend: whether a repair may deliver something again
    sandbox: str = "auto"  # auto | bubblewrap | process
    cache: bool = True
    cache_retention: str = ""  # how long a result is cached; its contract can only shorten it
    module_secrets: Mapping[str, tuple[str, ...]] | None = None  # by module id; None: grant all
    source: SourceFile = field(default=NOWHERE, compare=False, repr=False)

    @property
    def own_secrets(self) -> frozenset[str]:
        """The environment variables with the platform's own secrets, which no module receives."""
        named = (self.signing.get("key_env"), self.release_store.get("token_env"))
        return frozenset(str(name) for name in named if name)

    def grants(self, module_id: str, secret: str) -> bool:
        """Whether a module may receive the secret of that name."""
        listed = (
            True
            if self.module_secrets is None
            else secret in self.module_secrets.get(module_id, ())
        )
        return listed and secret not in self.own_secrets
