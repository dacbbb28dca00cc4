"""The tables of maintenance-state/. Pure: facts in, rows out, without a clock, sorted.

Each table is one task and names its sources. A task per module would save nothing: the digests of
unchanged files are known, so only computing the rows costs time.
"""
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from platform.maintain.facts import CONTRACTS, ORDERS, REASONS, TENANTS, RepositoryFacts
from platform.model.contract import Contract
from platform.model.repo import Repo

TableRow = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class DerivedTable:
    """`sources` are patterns of the files from which rows derive. `code` adds modules' code."""

    columns: tuple[str, ...]
    rows: Callable[[RepositoryFacts], Iterable[TableRow]]
    sources: tuple[str, ...]
    code: bool = False


def modules_index(facts: RepositoryFacts) -> Iterable[TableRow]:
    for contract in _contracts(facts.repo):
        yield (
            contract.module_id,
            contract.name,
            contract.kind.value,
            contract.version,
            " ".join(sorted(contract.deliverables)),
            contract.self_test is not None,
            contract.retention,
            facts.code(contract.module_id),
        )


def workorders_index(facts: RepositoryFacts) -> Iterable[TableRow]:
    for _, order in sorted(facts.repo.orders.items()):
        enabled = [step for step in order.steps if step.enabled]
        yield (
            *order.id,
            order.enabled,
            order.mode.value,
            order.artifacts_requested,
            order.schedule_cron,
            len(enabled),
            " ".join(sorted({step.module_id for step in enabled})),
            str(order.metadata.get("title", "")),
        )


def module_contract_rules(facts: RepositoryFacts) -> Iterable[TableRow]:
    for contract in _contracts(facts.repo):
        for port in sorted(contract.inputs.values(), key=lambda port: port.id):
            default = "" if port.default is None else _json(port.default)
            yield (
                contract.module_id,
                "limited_input" if port.limited else "input",
                port.id,
                port.type,
                port.required,
                default,
                _json(port.schema) if port.schema else "",
            )
        for out in sorted(contract.outputs.values(), key=lambda out: out.id):
            side = "limited_output" if out.limited else "output"
            yield contract.module_id, side, out.id, out.type, "", "", out.path
        for bought in sorted(
            contract.deliverables.values(), key=lambda bought: bought.deliverable_id
        ):
            sets = _json(bought.limited_inputs) if bought.limited_inputs else ""
            yield (
                contract.module_id,
                "deliverable",
                bought.deliverable_id,
                "",
                "",
                sets,
                " ".join(bought.outputs),
            )


def module_requirements_index(facts: RepositoryFacts) -> Iterable[TableRow]:
    for contract in _contracts(facts.repo):
        for secret in sorted(contract.secrets, key=lambda secret: secret.name):
            yield contract.module_id, "secret", secret.name, secret.required, "", secret.note
        for var in sorted(contract.vars, key=lambda var: var.name):
            yield contract.module_id, "var", var.name, "", var.value, var.note
        for package in sorted(contract.packages, key=lambda package: package.name):
            yield contract.module_id, "package", package.name, True, package.install, ""
        for name, wanted in (
            ("network", contract.network),
            ("external_services", contract.external),
        ):
            if wanted:
                yield contract.module_id, name, name, True, "", ""


def reason_catalog(facts: RepositoryFacts) -> Iterable[TableRow]:
    for slug, reason in sorted(facts.repo.reasons.by_slug.items()):
        yield slug, reason.scope, reason.category, reason.refundable, reason.description


def tenant_relationships(facts: RepositoryFacts) -> Iterable[TableRow]:
    """Which tenant may read which tenant's releases; every tenant may read its own."""
    for tenant_id, tenant in sorted(facts.repo.tenants.items()):
        for consumer in sorted({tenant_id, *tenant.allow_release_consumers}):
            yield tenant_id, consumer, "self" if consumer == tenant_id else "release_consumer"


TABLES = {
    "modules_index": DerivedTable(
        (
            "module_id",
            "name",
            "kind",
            "version",
            "deliverables",
            "self_test",
            "retention",
            "code_sha256",
        ),
        modules_index,
        (CONTRACTS,),
        code=True,
    ),
    "workorders_index": DerivedTable(
        (
            "tenant_id",
            "work_order_id",
            "enabled",
            "mode",
            "artifacts_requested",
            "schedule_cron",
            "enabled_steps",
            "modules",
            "title",
        ),
        workorders_index,
        (ORDERS,),
    ),
    "module_contract_rules": DerivedTable(
        ("module_id", "port", "id", "type", "required", "default_or_sets", "rule"),
        module_contract_rules,
        (CONTRACTS,),
    ),
    "module_requirements_index": DerivedTable(
        ("module_id", "requirement", "name", "required", "value", "note"),
        module_requirements_index,
        (CONTRACTS,),
    ),
    "reason_catalog": DerivedTable(
        ("slug", "scope", "category", "refundable", "description"), reason_catalog, (REASONS,)
    ),
    "tenant_relationships": DerivedTable(
        ("tenant_id", "consumer_tenant_id", "relation"), tenant_relationships, (TENANTS,)
    ),
}


def _contracts(repo: Repo) -> list[Contract]:
    return [contract for _, contract in sorted(repo.contracts.items())]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
