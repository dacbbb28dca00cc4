"""What derived files are made of, as one value, and the patterns of the files that it was read from."""
from collections.abc import Callable
from dataclasses import dataclass

from platform.model.profile import Profile
from platform.model.repo import Repo

CONTRACTS, ORDERS, TENANTS = "modules/*/module.yml", "tenants/*/workorders/*.yml", "tenants/*/tenant.yml"
REASONS, METHODS, PROFILES = "config/reasons.yml", "config/topup_methods.csv", "config/runtime_profile*.yml"


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """`code` gives the digest of a module's code, and is asked only for what depends on it; `profiles` are all that
    the repository has, sorted by file."""

    repo: Repo
    code: Callable[[str], str]
    profiles: tuple[Profile, ...] = ()
