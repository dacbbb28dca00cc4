"""Everything that is used has a price, and the tables of money fit together."""
from collections.abc import Collection, Iterator
from datetime import date
from functools import partial

from platform.check.say import each_order, of_module, of_order, of_step
from platform.check.words import meant, nearest
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
    """Each module has a price for running in force today, and no price is said twice or for nothing."""
    if no_prices(repo):
        return
    broken = broken_modules(repo)
    for contract in repo.contracts.values():
        if contract.module_id not in broken and repo.prices.in_force(contract.module_id, RUN_CHARGE, today) is None:
            yield of_module(contract, "price-missing", f"there is no price in force for running `{contract.module_id}`",
                            f"add a row {contract.module_id},{RUN_CHARGE} to {PRICES}", "module_id")
    yield from _rows(repo, today)


def bought(repo: Repo, today: date) -> Iterator[Problem]:
    """What a step buys has a price in force today."""
    if not no_prices(repo):
        yield from each_order(partial(_bought, broken_modules(repo)))(repo, today)


def _bought(broken: frozenset[str], repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    for step in order.steps:
        contract = repo.contracts.get(step.module_id)
        for index, item in enumerate(step.deliverables):
            if contract and item in contract.deliverables and step.module_id not in broken and \
                    repo.prices.in_force(step.module_id, item, today) is None:
                yield of_step(order, step, "price-missing", f"there is no price in force for `{item}` of "
                              f"`{step.module_id}`", f"add a row {step.module_id},{item} to {PRICES}",
                              "deliverables", index)


def no_prices(repo: Repo) -> bool:
    """Whether the list could not be read; that has been said."""
    return any(problem.place.file == PRICES and not problem.subject for problem in repo.problems)


def broken_modules(repo: Repo) -> frozenset[str]:
    """Modules with a problem of reading, perhaps in a row of their prices: what is missing may be that row."""
    return frozenset(problem.subject[1] for problem in repo.problems if problem.subject[:1] == ("module",))


def _rows(repo: Repo, today: date) -> Iterator[Problem]:
    first: dict[tuple[str, str, date], PriceRow] = {}
    known = repo.module_ids | repo.contracts.keys()
    for row in repo.prices.rows:
        subject = ("module", row.module_id)
        if row.active:
            other = first.setdefault((row.module_id, row.deliverable_id, row.effective_from), row)
            if other is not row:
                yield Problem(row.place, "price-twice", f"`{row.module_id}` `{row.deliverable_id}` has another price "
                              f"from {row.effective_from} on at {other.place}", "keep one of the rows", subject)
        contract = repo.contracts.get(row.module_id)
        if row.effective_to and row.effective_to < today:
            continue  # it is over, and explains what was charged while it was not
        if row.module_id not in known:
            yield Problem(row.place, "price-unused", f"there is no module `{row.module_id}`",
                          _ended(row.module_id, known), subject, warning=True)
        elif contract and not is_internal(row.deliverable_id) and row.deliverable_id not in contract.deliverables:
            yield Problem(row.place, "price-unused", f"`{row.module_id}` sells no `{row.deliverable_id}`",
                          _ended(row.deliverable_id, contract.deliverables), subject, warning=True)


def _ended(name: str, known: Collection[str]) -> str:
    """Never to delete it: past charges are explained by their price rows."""
    near = nearest(name, known)
    return f"{f'write `{near}`, or ' if near else ''}end the row with effective_to: it explains what was charged by it"


@each_order
def promotions(repo: Repo, order: Order, today: date) -> Iterator[Problem]:
    """A code that an order names is known; one that is not in force grants nothing, and that is said."""
    for index, code in enumerate(order.promotions):
        promotion = repo.promotions.get(code)
        if promotion is None:
            yield of_order(order, "unknown-promotion", "there is no promotion with this code",
                           "correct or remove it; codes are secrets, so none is proposed", "promotions", index)
        elif not promotion.covers(today):
            yield of_order(order, "promotion-not-in-force", "this promotion is not in force today and "
                           "grants nothing", "remove it, or wait", "promotions", index, warning=True)


def payments(repo: Repo, today: date) -> Iterator[Problem]:
    """A payment is a known tenant's, by a known method, and stands there once: tenant, method and reference are what
    makes it one payment, whatever it is called."""
    tenants = repo.tenant_ids | repo.tenants.keys()
    first: dict[tuple[str, str, str], Payment] = {}
    methods_wrong = any(problem.place.file == METHODS for problem in repo.problems)  # that is said there
    for payment in repo.payments:
        subject = ("payment", payment.payment_id)
        other = first.setdefault((payment.tenant_id, payment.topup_method_id, folded(payment.reference)), payment)
        if other is not payment and normalised(payment.reference):
            same = normalised(payment.reference) == normalised(other.reference)
            how = "stands here again, first" if same else f"differs only in case from `{other.reference}`"
            yield Problem(payment.place, "duplicate-id", f"the reference `{payment.reference}` {how} at {other.place}",
                          "keep one of them", subject)
        if payment.tenant_id not in tenants:
            yield Problem(payment.place, "unknown-tenant", f"there is no tenant `{payment.tenant_id}`",
                          meant(payment.tenant_id, tenants, "see the folders of tenants/"), subject)
        if payment.topup_method_id not in repo.topup_methods and not methods_wrong:
            yield Problem(payment.place, "unknown-method", f"there is no top-up method `{payment.topup_method_id}`",
                          meant(payment.topup_method_id, repo.topup_methods), subject)


def tenants(repo: Repo, today: date) -> Iterator[Problem]:
    """The tenants that are named are there, and none says that it may more than the operator lets it."""
    known = repo.tenant_ids | repo.tenants.keys()
    for terms in repo.tenant_terms.values():
        if terms.tenant_id not in known:
            yield Problem(terms.place, "unknown-tenant", f"there is no tenant `{terms.tenant_id}`",
                          meant(terms.tenant_id, known, "see the folders of tenants/"),
                          ("tenant", terms.tenant_id), warning=True)
    for tenant in repo.tenants.values():
        if tenant.own_status is TenantStatus.ACTIVE and tenant.terms.status is TenantStatus.SUSPENDED:
            yield Problem(tenant.source.place("status"), "status-without-effect", "`status: active` has no effect: the "
                          f"operator suspended the tenant at {tenant.terms.place}",
                          "remove the line; only the operator can lift the suspension",
                          ("tenant", tenant.tenant_id), warning=True)
    for tenant in repo.tenants.values():
        for index, name in enumerate(tenant.allow_release_consumers):
            if name not in known:
                yield Problem(tenant.source.place("allow_release_consumers", index), "unknown-tenant",
                              f"there is no tenant `{name}`, so nobody gets in by it",
                              meant(name, known - {tenant.tenant_id}, "see the folders of tenants/"),
                              ("tenant", tenant.tenant_id), warning=True)


def reasons(repo: Repo, today: date) -> Iterator[Problem]:
    """Every reason that the platform itself gives is declared: without it nobody knows whether money goes back."""
    file = "config/reasons.yml"
    known = repo.module_ids | repo.contracts.keys() | {"global"}
    declared = repo.reasons.by_slug
    if not declared and any(problem.place.file == file and not problem.warning for problem in repo.problems):
        return  # the file could not be read, and that is said
    for slug in PLATFORM_REASONS:
        if slug not in declared:
            yield Problem(SourcePosition(file), "reason-missing", f"the reason `{slug}` is not declared",
                          "add it with its scope, category and refundable")
    for reason in declared.values():
        if reason.scope not in known:
            yield Problem(
                SourcePosition(file),
                "unknown-module",
                f"the scope `{reason.scope}` of the reason `{reason.slug}` is no module",
                meant(reason.scope, known, "write global"),
                warning=True,
            )
