"""The input of the derived files as one value, and the patterns of the files it was read from."""
from collections.abc import Callable
from dataclasses import dataclass

from platform.model.profile import Profile
from platform.model.repo import Repo

CONTRACTS, ORDERS, TENANTS = (
    "modules/*/module.yml",
    "tenants/*/workorders/*.yml",
    "tenants/*/tenant.yml",
)
REASONS, METHODS, PROFILES = (
    "config/reasons.yml",
    "config/topup_methods.csv",
    "config/runtime_profile*.yml",
)


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """`code` returns the digest of a module's code; it is called only where it is needed.

    `profiles` are all profiles of the repository, sorted by file.
    """

    repo: Repo
    code: Callable[[str], str]
    profiles: tuple[Profile, ...] = ()
