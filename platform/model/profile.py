"""A runtime profile: where things are kept and which outside services are real."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platform.model.problem import NOWHERE, Source


@dataclass(frozen=True, slots=True)
class Limits:
    """What one step may use. Zero means no limit. `enforce`: whether a step is limited as a whole (auto: where it can
    be, cgroup: or it does not run, process: each of its processes by itself)."""

    timeout_s: int = 300
    memory_mb: int = 2048
    processes: int = 256
    file_mb: int = 2048
    output_mb: int = 4096
    enforce: str = "auto"  # auto | cgroup | process


@dataclass(frozen=True, slots=True)
class Profile:
    """config/runtime_profile*.yml; folders are relative to the repository's root."""

    profile_id: str = "local"
    external_services: str = "recorded"  # recorded | live
    billing_state_dir: str = ".billing-state"
    billing_state_release: str = "none"  # none | optional | required
    billing_state_expires_days: int = 30
    billing_state_trusted_head: Mapping[str, Any] = field(default_factory=dict)  # {generation, seq, hash}
    runtime_dir: str = "runtime"
    release_store: Mapping[str, Any] = field(default_factory=dict)  # {type: none | folder | github, ...}
    delivery: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by provider: email, folder, ...
    signing: Mapping[str, str] = field(default_factory=dict)  # {key_env, key_file, public_key}, each optional
    limits: Limits = field(default_factory=Limits)
    repairs: str = "hold"  # hold | resend: what was delivered and would go out again after a repair
    sandbox: str = "auto"  # auto | bubblewrap | process
    cache: bool = True
    cache_retention: str = ""  # what is cached is over after this, or after its contract's retention if that is shorter
    module_secrets: Mapping[str, tuple[str, ...]] | None = None  # by module id; None: what each contract asks for
    source: Source = field(default=NOWHERE, compare=False, repr=False)

    @property
    def own_secrets(self) -> frozenset[str]:
        """The environment variables whose secrets the platform uses itself: no module is ever given them."""
        named = (self.signing.get("key_env"), self.release_store.get("token_env"))
        return frozenset(str(name) for name in named if name)

    def grants(self, module_id: str, secret: str) -> bool:
        """Whether a module may be given the secret of that name."""
        listed = True if self.module_secrets is None else secret in self.module_secrets.get(module_id, ())
        return listed and secret not in self.own_secrets
