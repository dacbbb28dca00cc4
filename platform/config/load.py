"""A repository's files become one Repo: each read once, all problems of all files together, nothing raised.

Rules: a file that cannot be used is a problem and stops its own subject, never another's; assets are read only when an
order binds them, and only from the tenant's own folder. With `only`, what those orders need is read and nothing else:
one order out of 50,000 costs one order.
"""
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from platform.check.words import shown
from platform.config import contracts, parse, tables
from platform.config.assets import bound_assets
from platform.config.csv import MAX_BYTES
from platform.config.files import Found, read_value
from platform.config.folders import folders_in, named, order_files
from platform.config.text import read_bytes
from platform.config.valid import Valid
from platform.files import Digests
from platform.model import ids
from platform.model.contract import Contract
from platform.model.ids import OrderId
from platform.model.order import Order
from platform.model.prices import PriceList
from platform.model.problem import Problem
from platform.model.profile import Profile
from platform.model.reasons import Reasons
from platform.model.repo import Repo
from platform.model.tenant import Tenant

T = TypeVar("T")

REASONS = "config/reasons.yml"


def load_profile(root: Path, profile_file: Path) -> tuple[Profile, tuple[Problem, ...]]:
    """The runtime profile, and what is wrong with its file (then the profile is the built-in one)."""
    found = read_value(root, profile_file, "runtime_profile", (), Valid(), follow=True)
    profile = Profile(source=found.source) if found.value is None else parse.profile(found.value, found.source)
    return profile, tuple(found.problems)


def load_contracts(root: Path) -> dict[str, Contract]:
    """The contracts of modules that can be read, by module id, without a word about the others."""
    loading = _Loading(root, Valid())
    for folder in named(folders_in(root / "modules"), ids.MODULE, "a module id")[0]:
        loading.module(folder)
    return loading.contracts


def load_repo(root: Path, profile: Profile, digests: Digests, *, only: Collection[OrderId] | None = None,
              valid: Valid | None = None) -> Repo:
    """Everything below `root` that orders, their tenants, modules and prices are made of. `only` narrows the orders;
    `valid`, kept between runs, saves half of the time."""
    loading = _Loading(root, valid or Valid())
    tenant_folders, wrong = named(folders_in(root / "tenants"), ids.TENANT, "a tenant id")
    loading.problems += wrong
    owners = {order.tenant_id for order in only or ()}
    for folder in tenant_folders:
        if only is None or folder.name in owners:
            loading.tenant(folder)
            loading.tenants_orders(folder, only)
    module_folders, wrong = named(folders_in(root / "modules"), ids.MODULE, "a module id")
    loading.problems += wrong
    used = {step.module_id for order in loading.orders.values() for step in order.steps}
    for folder in module_folders:
        if only is None or folder.name in used:
            loading.module(folder)
    terms = {row.tenant_id: row for row in loading.table(tables.TENANTS)}
    found = bound_assets(root, loading.orders.values(), digests)
    loading.problems += found.problems
    return Repo(
        root=str(root), orders=loading.orders, contracts=loading.contracts,
        prices=PriceList(loading.table(tables.PRICES)),
        promotions={row.promo_code: row for row in loading.table(tables.PROMOTIONS)},
        topup_methods={row.topup_method_id: row for row in loading.table(tables.METHODS)},
        payments=tuple(loading.table(tables.PAYMENTS)),
        reasons=loading.reasons(), profile=profile, assets=found.assets, asset_names=found.names,
        unreadable=loading.unreadable, tenant_terms=terms,
        tenants={name: tenant.under(terms[name]) if name in terms else tenant
                 for name, tenant in loading.tenants.items()},
        module_ids=frozenset(folder.name for folder in module_folders),
        tenant_ids=frozenset(folder.name for folder in tenant_folders), problems=tuple(sorted(loading.problems)))


@dataclass(slots=True)
class _Loading:
    """What has been read so far."""

    root: Path
    valid: Valid
    tenants: dict[str, Tenant] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    unreadable: dict[OrderId, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def _value(self, path: Path, kind: str, subject: tuple[str, ...], id_field: str = "") -> Found:
        """A file's value; None also when it calls itself otherwise than its file or folder (the subject's last)."""
        found = read_value(self.root, path, kind, subject, self.valid)
        if found.value is not None and id_field and found.value[id_field] != subject[-1]:
            found.problems.append(Problem(
                found.source.place(id_field), "id-differs", f"{shown(found.value[id_field])} lies where "
                f"`{subject[-1]}` should be", "make the id and the name of the file or folder the same", subject,
                found.draft))
            found.value = None
        self.problems += found.problems
        return found

    def tenant(self, folder: Path) -> None:
        found = self._value(folder / "tenant.yml", "tenant", ("tenant", folder.name), "tenant_id")
        if found.value is not None:
            self.tenants[folder.name] = parse.tenant(found.value, found.source)

    def tenants_orders(self, folder: Path, only: Collection[OrderId] | None) -> None:
        for entry in _files(folder, only):
            if isinstance(entry, Problem):
                self.problems.append(entry)
                continue
            order_id, path = entry
            found = self._value(path, "workorder", ("order", *order_id), "work_order_id")
            if found.value is not None:
                self.orders[order_id] = parse.order(folder.name, found.value, found.source)
            elif not found.draft:
                self.unreadable[order_id] = found.source.file

    def module(self, folder: Path) -> None:
        subject = ("module", folder.name)
        found = self._value(folder / "module.yml", "module", subject, "module_id")
        if found.value is None:
            return
        twice = list(contracts.twice(found.value, found.source, subject))
        self.problems += twice
        if not twice:
            self.contracts[folder.name] = contracts.contract(found.value, found.source)
        if not (folder / "src" / "run.py").is_file():
            self.problems.append(Problem(found.source.place("module_id"), "module-without-code",
                                         f"there is no modules/{folder.name}/src/run.py", "write it", subject))

    def table(self, table: tables.Table[T]) -> list[T]:
        data = read_bytes(self.root / table.file, table.file, MAX_BYTES)
        if isinstance(data, Problem):
            if table.required or data.code != "file-missing":
                self.problems.append(data)
            return []
        rows, problems = tables.read_table(table, data)
        self.problems += problems
        return rows

    def reasons(self) -> Reasons:
        found = self._value(self.root / REASONS, "reasons", ())
        if found.value is None:
            return Reasons()
        self.problems += parse.reasons_twice(found.value, found.source)
        return parse.reasons(found.value)


def _files(folder: Path, only: Collection[OrderId] | None) -> Iterable[tuple[OrderId, Path] | Problem]:
    if only is None:
        return order_files(folder)
    mine = sorted(order_id for order_id in only if order_id.tenant_id == folder.name)
    paths = [(order_id, folder / "workorders" / f"{order_id.work_order_id}.yml") for order_id in mine
             if ids.matches(ids.WORK_ORDER, order_id.work_order_id)]
    return [(order_id, path) for order_id, path in paths if path.is_file()]
