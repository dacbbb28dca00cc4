"""Everything that was read from the repository, as one value: what `check` judges and `plan` expands."""
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from platform.model.contract import Contract
from platform.model.ids import OrderId
from platform.model.order import Order
from platform.model.prices import Payment, PriceList, Promotion, TopupMethod
from platform.model.problem import Problem
from platform.model.profile import Profile
from platform.model.reasons import Reasons
from platform.model.tenant import Tenant, TenantTerms


@dataclass(frozen=True, slots=True)
class Asset:
    """A file below tenants/<tenant>/assets/ that some order binds."""

    path: str  # as the binding names it
    file: str  # relative to the repository
    sha256: str
    bytes: int


class Refusal(NamedTuple):
    """Why an asset is not read: the code, the words and the cure of the problem of everybody who binds it."""

    code: str
    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class Repo:
    """`problems` are those of reading (YAML, schema, CSV); what could be read is there all the same."""

    root: str
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    tenant_terms: Mapping[str, TenantTerms] = field(default_factory=dict)  # the rows of config/tenants.csv
    orders: Mapping[OrderId, Order] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    prices: PriceList = field(default_factory=PriceList)
    promotions: Mapping[str, Promotion] = field(default_factory=dict)
    topup_methods: Mapping[str, TopupMethod] = field(default_factory=dict)
    payments: tuple[Payment, ...] = ()
    reasons: Reasons = field(default_factory=Reasons)
    profile: Profile = field(default_factory=Profile)
    assets: Mapping[tuple[str, str], Asset] = field(default_factory=dict)  # by (tenant id, path)
    asset_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # files of tenants that miss a bound one
    asset_faults: Mapping[tuple[str, str], Refusal] = field(default_factory=dict)  # of those that are there, refused
    unreadable: Mapping[OrderId, str] = field(default_factory=dict)  # orders that could not be read -> their file
    module_ids: frozenset[str] = frozenset()  # every folder of modules/, read or not: what is known and only broken
    module_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # their code's paths below them
    tenant_ids: frozenset[str] = frozenset()  # every folder of tenants/, read or not
    problems: tuple[Problem, ...] = ()
