"""A tenant: who pays, and whether it may."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from platform.model.problem import NOWHERE, Source


class TenantStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Tenant:
    tenant_id: str
    tenant_name: str
    registered_at: str = ""
    status: TenantStatus = TenantStatus.ACTIVE
    billing: Mapping[str, str] = field(default_factory=dict)
    allow_release_consumers: tuple[str, ...] = ()
    source: Source = field(default=NOWHERE, compare=False, repr=False)
