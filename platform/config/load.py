"""Reads a repository's files into one Repo. Each file is read once; problems are collected.

Rules: a file that cannot be used is a problem, which stops its own subject and no other. Assets are
read only if an order binds them, and only from the tenant's own directory. `only` limits reading to
what those orders need: one order out of 50,000 costs one order.
"""
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from platform import toolfiles
from platform.check.words import shown
from platform.config import contracts, parse, tables
from platform.config.assets import bound_assets
from platform.config.code import code_of
from platform.config.csv import MAX_BYTES
from platform.config.files import FoundValue, read_value, value_in
from platform.config.folders import entries_of, folders_in, order_files
from platform.config.modules import ModulePlace, module_places, replaced_wrongly
from platform.config.read import MAX_BYTES as LARGEST_YAML
from platform.config.read import read_yaml
from platform.config.text import read_bytes, read_named, shown_file
from platform.config.valid import Valid
from platform.confined import Folder
from platform.files import Digests
from platform.model import ids
from platform.model.contract import Contract
from platform.model.ids import OrderId
from platform.model.order import Order
from platform.model.prices import PriceList
from platform.model.problem import Problem, SourceFile
from platform.model.profile import Profile
from platform.model.reasons import Reasons
from platform.model.repo import Repo
from platform.model.tenant import Tenant

T = TypeVar("T")

REASONS = "config/reasons.yml"


def load_profile(root: Path, profile_file: Path) -> tuple[Profile, tuple[Problem, ...]]:
    """The runtime profile and the problems of its file. With an error, it is the built-in profile.

    A person named a file outside the repository, so links in its path are followed."""
    profile, problems, _ = load_profile_with(root, profile_file, lambda _: Valid())
    return profile, problems


def load_profile_with(
    root: Path, profile_file: Path, valid_of: Callable[[str], Valid]
) -> tuple[Profile, tuple[Problem, ...], Valid]:
    """As `load_profile`. `valid_of` returns the known files of the runtime directory that the
    profile names, by which the profile itself may be known."""
    if profile_file.is_relative_to(root):
        file = profile_file.relative_to(root).as_posix()
        with Folder.at(root) as top:
            data, shown = read_bytes(top, file, LARGEST_YAML), shown_file(top.named(file))
    else:
        data = read_named(profile_file, str(profile_file), LARGEST_YAML)
        shown = shown_file(str(profile_file))
    if isinstance(data, Problem):
        valid, found = valid_of(Profile().runtime_dir), FoundValue(SourceFile(shown), None, [data])
    else:
        document = read_yaml(data, shown)
        valid = valid_of(_runtime_dir(document.value))
        found = value_in(document, data, "runtime_profile", (), valid)
    profile = (
        Profile(source=found.source)
        if found.value is None
        else parse.profile(found.value, found.source)
    )
    return profile, tuple(found.problems), valid


def _runtime_dir(profile: Any) -> str:
    """The runtime directory that a profile names, which may have any form."""
    runtime = profile.get("runtime") if isinstance(profile, dict) else None
    named = runtime.get("dir") if isinstance(runtime, dict) else None
    return named if isinstance(named, str) else Profile().runtime_dir


def load_contracts(root: Path) -> dict[str, Contract]:
    """The contracts of the readable modules, by module id, without the problems of the others."""
    with Folder.at(root) as top:
        loading = _Loading(top, Valid())
        for places in module_places(root, top).places.values():
            loading.module(places)
    return loading.contracts


def load_repo(
    root: Path,
    profile: Profile,
    digests: Digests,
    *,
    only: Collection[OrderId] | None = None,
    valid: Valid | None = None,
) -> Repo:
    """The orders below `root` with their tenants, modules, prices and assets.

    `only` limits the orders. `valid`, which is kept between runs, saves half of the time. Files are
    opened through the root's handle and never through a link (`confined`)."""
    with Folder.at(root) as top:
        return _repo(root, _Loading(top, valid or Valid()), profile, digests, only)


def _repo(root: Path, loading: "_Loading", profile: Profile, digests: Digests,
          only: Collection[OrderId] | None) -> Repo:
    top = loading.top
    tenant_ids, wrong = folders_in(top, "tenants", ids.TENANT, "a tenant id", "tenant")
    loading.problems += wrong
    owners = {order.tenant_id for order in only or ()}
    linked = {problem.subject for problem in wrong}
    for name in tenant_ids:
        if (only is None or name in owners) and ("tenant", name) not in linked:
            loading.tenant(name)
            loading.tenants_orders(name, only)
    modules = module_places(root, top)
    loading.problems += modules.problems
    used = {step.module_id for order in loading.orders.values() for step in order.steps}
    for name, places in modules.places.items():
        if (only is None or name in used) and name not in modules.unusable:
            loading.module(places)
    terms = {row.tenant_id: row for row in loading.table(tables.TENANTS)}
    found = bound_assets(root, top, loading.orders.values(), digests, profile.limits.file_mb << 20)
    return Repo(
        root=str(root), orders=loading.orders, contracts=loading.contracts,
        prices=PriceList(loading.table(tables.PRICE_TABLE)),
        promotions={row.promo_code: row for row in loading.table(tables.PROMOTIONS)},
        topup_methods={row.topup_method_id: row for row in loading.table(tables.METHOD_TABLE)},
        payments=tuple(loading.table(tables.PAYMENTS)),
        reasons=loading.reasons(checkout=toolfiles.is_checkout(root)),
        profile=profile, assets=found.assets, asset_names=found.names,
        asset_faults=found.faults, unreadable=loading.unreadable, module_files=loading.module_files,
        tenant_terms=terms, tenants={name: tenant.under(terms[name]) if name in terms else tenant
                                     for name, tenant in loading.tenants.items()},
        module_ids=frozenset(modules.places),
        module_dirs={name: places[0].shown for name, places in modules.places.items()
                     if places[0].home is not None},
        tenant_ids=frozenset(tenant_ids), problems=tuple(sorted(loading.problems)))


@dataclass(slots=True)
class _Loading:
    """Everything that was read so far."""

    top: Folder
    valid: Valid
    tenants: dict[str, Tenant] = field(default_factory=dict)
    orders: dict[OrderId, Order] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    module_files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unreadable: dict[OrderId, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def _value(self, name: str, kind: str, subject: tuple[str, ...], id_field: str = "", *,
               sole: bool = False, below: Folder | None = None) -> FoundValue:
        """A file's value; None also if its id differs from the name of its file or directory, which
        is the last part of `subject`. `below` None: the workspace."""
        found = read_value(below or self.top, name, kind, subject, self.valid, sole=sole)
        if found.value is not None and id_field and found.value[id_field] != subject[-1]:
            found.problems.append(Problem(
                found.source.place(id_field), "id-differs",
                f"the id {shown(found.value[id_field])} differs from the name `{subject[-1]}`",
                "make the id and the name of the file or directory the same", subject, found.draft))
            found.value = None
        self.problems += found.problems
        return found

    def tenant(self, name: str) -> None:
        found = self._value(
            f"tenants/{name}/tenant.yml", "tenant", ("tenant", name), "tenant_id", sole=True
        )
        if found.value is not None:
            self.tenants[name] = parse.tenant(found.value, found.source)

    def tenants_orders(self, name: str, only: Collection[OrderId] | None) -> None:
        """Reads a tenant's orders. If they cannot be listed, the tenant counts as unreadable, so
        that no order counts as deleted."""
        folder = f"tenants/{name}/workorders"
        entries, wrong = entries_of(self.top, folder, ("tenant", name))
        if wrong:
            self.tenants.pop(name, None)
        self.problems += wrong
        for entry in order_files(name, entries):
            if isinstance(entry, Problem):
                if only is None:
                    self.problems.append(entry)
            elif only is None or entry in only:
                self._order(entry, f"{folder}/{entry.work_order_id}.yml")

    def _order(self, order_id: OrderId, file: str) -> None:
        found = self._value(file, "workorder", ("order", *order_id), "work_order_id", sole=True)
        if found.value is not None:
            self.orders[order_id] = parse.order(order_id.tenant_id, found.value, found.source)
        elif not found.draft:
            self.unreadable[order_id] = found.source.file

    def module(self, places: tuple[ModulePlace, ...]) -> None:
        """Reads a module from the first of the places that have it."""
        name, folder = places[0].module_id, places[0].folder
        subject = ("module", name)
        with places[0].opened(self.top) as home:
            files, wrong = code_of(home, name)
            found = self._value(f"{folder}/module.yml", "module", subject, "module_id", below=home)
        self.module_files[name] = files
        self.problems += [problem for problem in wrong if problem not in found.problems]
        if found.value is None:
            return
        self.problems += replaced_wrongly(places, found.value, found.source)
        duplicates = list(contracts.duplicates(found.value, found.source, subject))
        self.problems += duplicates
        if not duplicates:
            self.contracts[name] = contracts.contract(found.value, found.source)
        if "src/run.py" not in files and not wrong:
            self.problems.append(
                Problem(
                    found.source.place("module_id"),
                    "module-without-code",
                    f"there is no {places[0].shown}/src/run.py",
                    "write it",
                    subject,
                )
            )

    def table(self, table: tables.TableForm[T]) -> list[T]:
        data = read_bytes(self.top, table.file, MAX_BYTES)
        if isinstance(data, Problem):
            self.problems.append(data)
            return []
        rows, problems = tables.read_table(table, data, self.valid)
        self.problems += problems
        return rows

    def reasons(self, *, checkout: bool) -> Reasons:
        """The tool's reasons and the workspace's, which add to them and go before them. In a
        checkout of the tool they are one file, which must exist."""
        if checkout:
            return self._reasons(self.top)
        with Folder.at(toolfiles.HOME) as home:
            own = self._reasons(home)
        folder, _, name = REASONS.rpartition("/")
        if name not in (entry.name for entry in entries_of(self.top, folder)[0]):
            return own
        return Reasons({**own.by_slug, **self._reasons(self.top).by_slug})

    def _reasons(self, folder: Folder) -> Reasons:
        found = read_value(folder, REASONS, "reasons", (), self.valid)
        self.problems += found.problems
        if found.value is None:
            return Reasons()
        self.problems += parse.duplicate_reasons(found.value, found.source)
        return parse.reasons(found.value)

