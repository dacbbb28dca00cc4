"""Everything that was read from the repository, as one value for `check` and `plan`."""
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
class TenantAsset:
    """A file in tenants/<tenant>/assets/ that an order binds."""

    path: str  # as in the binding
    file: str  # relative to the repository
    sha256: str
    bytes: int


class Refusal(NamedTuple):
    """Why an asset is not read: the code, the message and the fix for every order that binds it."""

    code: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Repo:
    """`problems` are the errors of reading (YAML, schema, CSV). The other fields contain everything
    that could be read."""

    root: str
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    tenant_terms: Mapping[str, TenantTerms] = field(default_factory=dict)  # config/tenants.csv
    orders: Mapping[OrderId, Order] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    prices: PriceList = field(default_factory=PriceList)
    promotions: Mapping[str, Promotion] = field(default_factory=dict)
    topup_methods: Mapping[str, TopupMethod] = field(default_factory=dict)
    payments: tuple[Payment, ...] = ()
    reasons: Reasons = field(default_factory=Reasons)
    profile: Profile = field(default_factory=Profile)
    # by (tenant id, path)
    assets: Mapping[tuple[str, str], TenantAsset] = field(default_factory=dict)
    # The asset files of each tenant with a missing asset, to suggest a name.
    asset_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Assets that exist and were refused, by (tenant id, path).
    asset_faults: Mapping[tuple[str, str], Refusal] = field(default_factory=dict)
    unreadable: Mapping[OrderId, str] = field(default_factory=dict)  # unreadable order -> its file
    module_ids: frozenset[str] = frozenset()  # every module's directory, readable or not
    # The absolute directories of the modules that are not in the workspace's modules/, by id.
    module_dirs: Mapping[str, str] = field(default_factory=dict)
    module_files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # code, by module id
    tenant_ids: frozenset[str] = frozenset()  # every directory in tenants/, readable or not
    problems: tuple[Problem, ...] = ()

    def module_dir(self, module_id: str) -> str:
        """A module's directory: absolute, or relative to the workspace."""
        return self.module_dirs.get(module_id, f"modules/{module_id}")
