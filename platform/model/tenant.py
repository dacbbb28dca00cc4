"""A tenant: who pays, and whether it may run orders.

The tenant's own settings and the operator's decisions are separate values.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from platform.model.problem import NOWHERE, SourceFile, SourcePosition


class TenantStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class TenantTerms:
    """The operator's decisions about a tenant: one row of config/tenants.csv."""

    tenant_id: str
    status: TenantStatus = TenantStatus.ACTIVE
    max_credits_per_order: int | None = None  # the highest price of one order; None: no limit
    note: str = ""
    place: SourcePosition = field(default=SourcePosition(""), compare=False)


@dataclass(frozen=True, slots=True)
class Tenant:
    """`status` is the more restrictive of `own_status` and the operator's `terms.status`."""

    tenant_id: str
    tenant_name: str
    registered_at: str = ""
    status: TenantStatus = TenantStatus.ACTIVE
    billing: Mapping[str, str] = field(default_factory=dict)
    allow_release_consumers: tuple[str, ...] = ()
    source: SourceFile = field(default=NOWHERE, compare=False, repr=False)
    own_status: TenantStatus | None = None  # from the tenant's file; None if the file sets none
    terms: TenantTerms = TenantTerms("")

    def under(self, terms: TenantTerms) -> "Tenant":
        """The tenant under the operator's decisions: its own status can only restrict it further.
        """
        suspended = TenantStatus.SUSPENDED in (self.status, terms.status)
        return replace(
            self, status=TenantStatus.SUSPENDED if suspended else TenantStatus.ACTIVE, terms=terms
        )
