"""The tables of maintenance-state/, pure: a Repo in, rows out. Deterministic: no clock, sorted by their first columns.

`code` is the digest of each module's code, by module id; the only thing that is not in the Repo itself.
"""
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from platform.model.contract import Contract
from platform.model.repo import Repo

Row = tuple[Any, ...]
Table = Callable[[Repo, Mapping[str, str]], Iterable[Row]]


def modules_index(repo: Repo, code: Mapping[str, str]) -> Iterable[Row]:
    for contract in _contracts(repo):
        yield (contract.module_id, contract.name, contract.kind.value, contract.version,
               " ".join(sorted(contract.deliverables)), contract.self_test is not None, contract.retention,
               code.get(contract.module_id, ""))


def workorders_index(repo: Repo, code: Mapping[str, str]) -> Iterable[Row]:
    for _, order in sorted(repo.orders.items()):
        enabled = [step for step in order.steps if step.enabled]
        yield (*order.id, order.enabled, order.mode.value, order.artifacts_requested, order.schedule_cron, len(enabled),
               " ".join(sorted({step.module_id for step in enabled})), str(order.metadata.get("title", "")))


def module_contract_rules(repo: Repo, code: Mapping[str, str]) -> Iterable[Row]:
    for contract in _contracts(repo):
        for port in sorted(contract.inputs.values(), key=lambda port: port.id):
            default = "" if port.default is None else _json(port.default)
            yield (contract.module_id, "limited_input" if port.limited else "input", port.id, port.type, port.required,
                   default, _json(port.schema) if port.schema else "")
        for out in sorted(contract.outputs.values(), key=lambda out: out.id):
            side = "limited_output" if out.limited else "output"
            yield contract.module_id, side, out.id, out.type, "", "", out.path
        for bought in sorted(contract.deliverables.values(), key=lambda bought: bought.deliverable_id):
            sets = _json(bought.limited_inputs) if bought.limited_inputs else ""
            yield (contract.module_id, "deliverable", bought.deliverable_id, "", "", sets, " ".join(bought.outputs))


def module_requirements_index(repo: Repo, code: Mapping[str, str]) -> Iterable[Row]:
    for contract in _contracts(repo):
        for secret in sorted(contract.secrets, key=lambda secret: secret.name):
            yield contract.module_id, "secret", secret.name, secret.required, "", secret.note
        for var in sorted(contract.vars, key=lambda var: var.name):
            yield contract.module_id, "var", var.name, "", var.value, var.note
        for name, wanted in (("network", contract.network), ("external_services", contract.external)):
            if wanted:
                yield contract.module_id, name, name, True, "", ""


def reason_catalog(repo: Repo, code: Mapping[str, str]) -> Iterable[Row]:
    for slug, reason in sorted(repo.reasons.by_slug.items()):
        yield slug, reason.scope, reason.category, reason.refundable, reason.description


def tenant_relationships(repo: Repo, code: Mapping[str, str]) -> Iterable[Row]:
    """Who may read whose releases; every tenant its own."""
    for tenant_id, tenant in sorted(repo.tenants.items()):
        for consumer in sorted({tenant_id, *tenant.allow_release_consumers}):
            yield tenant_id, consumer, "self" if consumer == tenant_id else "release_consumer"


TABLES: dict[str, tuple[tuple[str, ...], Table]] = {
    "modules_index": (("module_id", "name", "kind", "version", "deliverables", "self_test", "retention", "code_sha256"),
                      modules_index),
    "workorders_index": (("tenant_id", "work_order_id", "enabled", "mode", "artifacts_requested", "schedule_cron",
                          "enabled_steps", "modules", "title"), workorders_index),
    "module_contract_rules": (("module_id", "port", "id", "type", "required", "default_or_sets", "rule"),
                              module_contract_rules),
    "module_requirements_index": (("module_id", "requirement", "name", "required", "value", "note"),
                                  module_requirements_index),
    "reason_catalog": (("slug", "scope", "category", "refundable", "description"), reason_catalog),
    "tenant_relationships": (("tenant_id", "consumer_tenant_id", "relation"), tenant_relationships),
}


def _contracts(repo: Repo) -> list[Contract]:
    return [contract for _, contract in sorted(repo.contracts.items())]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
