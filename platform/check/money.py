"""Everything in use has a price, and the tables about money are consistent."""
from collections.abc import Collection, Iterator
from datetime import date
from functools import partial

from platform.check.problems import each_order, of_module, of_order, of_step
from platform.check.words import nearest, suggestion
from platform.model.ids import RUN_CHARGE, is_internal
from platform.model.order import Order
from platform.model.prices import Payment, PriceRow
from platform.model.problem import Problem, SourcePosition
from platform.model.reasons import PLATFORM_REASONS
from platform.model.reference import folded, normalised
from platform.model.repo import Repo
from platform.model.tenant import TenantStatus

PRICES, METHODS = "config/module_prices.csv", "config/topup_methods.csv"


def prices(repo: Repo, today: date) -> Iterator[Problem]:
    """Each module that this workspace has or uses has a run price in force today, and each price
    row is unique and in use."""
    if no_prices(repo):
        return
    broken, needless = broken_modules(repo), _needless(repo)
    for contract in repo.contracts.values():
        if (
            contract.module_id not in broken | needless
            and repo.prices.in_force(contract.module_id, RUN_CHARGE, today) is None
        ):
            yield of_module(
                contract,
                "price-missing",
                f"there is no price in force for running `{contract.module_id}`",
                f"add a row {contract.module_id},{RUN_CHARGE} to {PRICES}",
                "module_id",
            )
    yield from _rows(repo, today)


def _needless(repo: Repo) -> frozenset[str]:
    """The modules that need no price: those that the tool or a package brings and no order uses.
    An upgrade may bring new ones, which the operator does not sell yet."""
    used = {step.module_id for order in repo.orders.values() for step in order.steps}
    return frozenset(repo.module_dirs.keys() - used)


def bought(repo: Repo, today: date) -> Iterator[Problem]:
    """Every deliverable that a step buys has a price in force today."""
    if not no_prices(repo):
        yield from each_order(partial(_bought, broken_modules(repo)))(repo, today)


def _bought(broken: frozenset[str], repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        for index, item in enumerate(step.deliverables):
            if contract and item in contract.deliverables and step.module_id not in broken and \
                    repo.prices.in_force(step.module_id, item, today) is None:
                yield of_step(
                    order,
                    step,
                    "price-missing",
                    f"there is no price in force for `{item}` of `{step.module_id}`",
                    f"add a row {step.module_id},{item} to {PRICES}",
                    "deliverables",
                    index,
                )


def no_prices(repo: Repo) -> bool:
    """Whether the price list is unreadable, which is reported already."""
    return any(problem.place.file == PRICES and not problem.subject for problem in repo.problems)


def broken_modules(repo: Repo) -> frozenset[str]:
    """Modules with an error from reading. The error may be in a price row, so a missing price of
    theirs is not reported."""
    return frozenset(
        problem.subject[1] for problem in repo.problems if problem.subject[:1] == ("module",)
    )


def _rows(repo: Repo, today: date) -> Iterator[Problem]:
    first: dict[tuple[str, str, date], PriceRow] = {}
    known = repo.module_ids | repo.contracts.keys()
    for row in repo.prices.rows:
        subject = ("module", row.module_id)
        if row.active:
            other = first.setdefault((row.module_id, row.deliverable_id, row.effective_from), row)
            if other is not row:
                yield Problem(row.place, "price-twice", f"`{row.module_id}` `{row.deliverable_id}` "
                              f"has another price from {row.effective_from} at {other.place}",
                              "keep one of the rows", subject)
        contract = repo.contracts.get(row.module_id)
        if row.effective_to and row.effective_to < today:
            continue  # an expired row explains earlier charges
        if row.module_id not in known:
            yield Problem(row.place, "price-unused", f"module `{row.module_id}` does not exist",
                          _ended(row.module_id, known), subject, warning=True)
        elif (
            contract
            and not is_internal(row.deliverable_id)
            and row.deliverable_id not in contract.deliverables
        ):
            yield Problem(
                row.place,
                "price-unused",
                f"`{row.module_id}` sells no `{row.deliverable_id}`",
                _ended(row.deliverable_id, contract.deliverables),
                subject,
                warning=True,
            )


def _ended(name: str, known: Collection[str]) -> str:
    """A fix that never deletes the row, because price rows explain past charges."""
    near = nearest(name, known)
    instead = f"write `{near}`, or " if near else ""
    return f"{instead}set effective_to: the row explains earlier charges"


@each_order
def promotions(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """Every promotion code of an order exists. A code that is not in force gets a warning, because
    it grants nothing."""
    for index, code in enumerate(order.promotions):
        promotion = repo.promotions.get(code)
        if promotion is None:
            yield of_order(order, "unknown-promotion", "there is no promotion with this code",
                           "correct or remove it; codes are secret, so there is no suggestion",
                           "promotions", index)
        elif not promotion.covers(today):
            yield of_order(
                order,
                "promotion-not-in-force",
                "this promotion is not in force today and grants nothing",
                "remove it, or wait",
                "promotions",
                index,
                warning=True,
            )


def payments(repo: Repo, today: date) -> Iterator[Problem]:
    """A payment has a known tenant and a known method, and is not a duplicate. Tenant, method and
    reference identify a payment, whatever its id is."""
    tenants = repo.tenant_ids | repo.tenants.keys()
    first: dict[tuple[str, str, str], Payment] = {}
    methods_wrong = any(problem.place.file == METHODS for problem in repo.problems)
    for payment in repo.payments:
        subject = ("payment", payment.payment_id)
        other = first.setdefault(
            (payment.tenant_id, payment.topup_method_id, folded(payment.reference)), payment
        )
        if other is not payment and normalised(payment.reference):
            same = normalised(payment.reference) == normalised(other.reference)
            how = ("is a duplicate of the one" if same else
                   f"differs only in case from `{other.reference}`")
            yield Problem(payment.place, "duplicate-id",
                          f"the reference `{payment.reference}` {how} at {other.place}",
                          "keep one of them", subject)
        if payment.tenant_id not in tenants:
            yield Problem(
                payment.place,
                "unknown-tenant",
                f"there is no tenant `{payment.tenant_id}`",
                suggestion(payment.tenant_id, tenants, "see the directories in tenants/"),
                subject,
            )
        if payment.topup_method_id not in repo.topup_methods and not methods_wrong:
            yield Problem(
                payment.place,
                "unknown-method",
                f"there is no top-up method `{payment.topup_method_id}`",
                suggestion(payment.topup_method_id, repo.topup_methods),
                subject,
            )


def tenants(repo: Repo, today: date) -> Iterator[Problem]:
    """Every tenant that is named exists, and no tenant's file claims more than the operator
    allows."""
    known = repo.tenant_ids | repo.tenants.keys()
    for terms in repo.tenant_terms.values():
        if terms.tenant_id not in known:
            yield Problem(terms.place, "unknown-tenant", f"there is no tenant `{terms.tenant_id}`",
                          suggestion(terms.tenant_id, known, "see the directories in tenants/"),
                          ("tenant", terms.tenant_id), warning=True)
    for tenant in repo.tenants.values():
        if (
            tenant.own_status is TenantStatus.ACTIVE
            and tenant.terms.status is TenantStatus.SUSPENDED
        ):
            yield Problem(
                tenant.source.place("status"),
                "status-without-effect",
                "`status: active` has no effect: the "
                f"operator suspended the tenant at {tenant.terms.place}",
                "remove the line; only the operator can lift the suspension",
                ("tenant", tenant.tenant_id),
                warning=True,
            )
    for tenant in repo.tenants.values():
        for index, name in enumerate(tenant.allow_release_consumers):
            if name not in known:
                yield Problem(
                    tenant.source.place("allow_release_consumers", index),
                    "unknown-tenant",
                    f"there is no tenant `{name}`, so the entry has no effect",
                    suggestion(name, known - {tenant.tenant_id}, "see the directories in tenants/"),
                    ("tenant", tenant.tenant_id),
                    warning=True,
                )


def reasons_rule(repo: Repo, today: date) -> Iterator[Problem]:
    """Every reason that the platform itself gives is declared, because the declaration decides
    whether it is refunded."""
    file = "config/reasons.yml"
    known = repo.module_ids | repo.contracts.keys() | {"global"}
    declared = repo.reasons.by_slug
    if not declared and any(
        problem.place.file == file and not problem.warning for problem in repo.problems
    ):
        return  # the file is unreadable, which is reported already
    for slug in PLATFORM_REASONS:
        if slug not in declared:
            yield Problem(
                SourcePosition(file),
                "reason-missing",
                f"the reason `{slug}` is not declared",
                "add it with its scope, category and refundable",
            )
    for reason in declared.values():
        if reason.scope not in known:
            yield Problem(SourcePosition(file), "unknown-module",
                          f"the scope `{reason.scope}` of the reason `{reason.slug}` is not a "
                          "module",
                          suggestion(reason.scope, known, "write global"), warning=True)
