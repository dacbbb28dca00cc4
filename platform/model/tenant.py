"""A tenant: who pays, and whether it may. What the tenant says of itself and what the operator decides are apart."""
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from platform.model.problem import NOWHERE, Place, Source


class TenantStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class TenantTerms:
    """The operator's decisions about a tenant: one row of config/tenants.csv."""

    tenant_id: str
    status: TenantStatus = TenantStatus.ACTIVE
    max_credits_per_order: int | None = None  # the most that one order may cost; None: no limit
    note: str = ""
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Tenant:
    """`status` is the more restrictive of the tenant's own and the operator's, which `terms` has."""

    tenant_id: str
    tenant_name: str
    registered_at: str = ""
    status: TenantStatus = TenantStatus.ACTIVE
    billing: Mapping[str, str] = field(default_factory=dict)
    allow_release_consumers: tuple[str, ...] = ()
    source: Source = field(default=NOWHERE, compare=False, repr=False)
    own_status: TenantStatus | None = None  # as its own file has it; None where that says nothing
    terms: TenantTerms = TenantTerms("")

    def under(self, terms: TenantTerms) -> "Tenant":
        """The tenant under the operator's decisions: its own status can only restrict it further."""
        suspended = TenantStatus.SUSPENDED in (self.status, terms.status)
        return replace(self, status=TenantStatus.SUSPENDED if suspended else TenantStatus.ACTIVE, terms=terms)
