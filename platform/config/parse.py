"""Converts values that conform to their schema into the model. The schema excludes all errors.

A map with one of BINDING_KEYS is a binding, at any depth of a step's inputs. Every other value is a
literal.
"""
from collections.abc import Iterator, Mapping
from typing import Any

from platform.model.order import (
    BINDING_KEYS,
    Binding,
    Kind,
    Mode,
    Order,
    Reuse,
    Selector,
    Step,
    Value,
)
from platform.model.problem import Problem, SourceFile
from platform.model.profile import Limits, Profile, Retention
from platform.model.reasons import Reason, Reasons
from platform.model.tenant import Tenant, TenantStatus


def order(tenant_id: str, value: Mapping[str, Any], source: SourceFile) -> Order:
    """The work order of a file in the directory of `tenant_id`."""
    return Order(
        tenant_id=tenant_id,
        work_order_id=value["work_order_id"],
        enabled=value.get("enabled", True),
        mode=Mode(value.get("mode", Mode.PARTIAL_ALLOWED)),
        artifacts_requested=value.get("artifacts_requested", False),
        metadata=value.get("metadata", {}),
        schedule_cron=value.get("schedule_cron", ""),
        promotions=tuple(value.get("promotions", ())),
        steps=tuple(_step(step, index) for index, step in enumerate(value["steps"])),
        source=source,
    )


def _step(value: Mapping[str, Any], index: int) -> Step:
    return Step(
        step_id=value["step_id"],
        module_id=value["module_id"],
        kind=Kind(value["kind"]),
        step_name=value.get("step_name", ""),
        enabled=value.get("enabled", True),
        deliverables=tuple(value.get("deliverables", ())),
        inputs={port: bound(item) for port, item in value.get("inputs", {}).items()},
        reuse_output_type=Reuse(value.get("reuse_output_type", Reuse.CACHE)),
        needs=tuple(value.get("needs", ())),
        timeout_s=value.get("timeout_s"),
        retries=value.get("retries", 0),
        index=index,
    )


def bound(value: Any) -> Value:
    """A value with a Binding instead of each map that describes one."""
    if isinstance(value, dict):
        if BINDING_KEYS.isdisjoint(value):
            return {key: bound(item) for key, item in value.items()}
        return Binding(**{**value, "selector": Selector(value.get("selector", Selector.FILE))})
    if isinstance(value, list):
        return [bound(item) for item in value]
    return value


def tenant(value: Mapping[str, Any], source: SourceFile) -> Tenant:
    said = TenantStatus(value["status"]) if "status" in value else None
    return Tenant(
        tenant_id=value["tenant_id"],
        tenant_name=value["tenant_name"],
        registered_at=value.get("registered_at", ""),
        status=said or TenantStatus.ACTIVE,
        own_status=said,
        billing=value.get("billing", {}),
        allow_release_consumers=tuple(value.get("allow_release_consumers", ())),
        source=source,
    )


def profile(value: Mapping[str, Any], source: SourceFile) -> Profile:
    default = Profile()
    state = value.get("billing_state", {})
    granted = value.get("module_secrets")
    return Profile(
        profile_id=value["profile_id"],
        external_services=value.get("external_services", default.external_services),
        billing_state_dir=state.get("dir", default.billing_state_dir),
        billing_state_release=state.get("release", default.billing_state_release),
        billing_state_expires_days=state.get("expires_days", default.billing_state_expires_days),
        billing_state_trusted_head=state.get("trusted_head", default.billing_state_trusted_head),
        runtime_dir=value.get("runtime", {}).get("dir", default.runtime_dir),
        release_store=value.get("release_store", {"type": "none"}),
        delivery=value.get("delivery", {}),
        signing=value.get("signing", {}),
        limits=Limits(**value.get("limits", {})),
        history=Retention(**value.get("history", {})),
        repairs=value.get("repairs", default.repairs),
        sandbox=value.get("sandbox", default.sandbox),
        cache=value.get("cache", default.cache),
        source=source,
        cache_retention=value.get("cache_retention", default.cache_retention),
        module_secrets=None
        if granted is None
        else {module: tuple(names) for module, names in granted.items()},
    )


def reasons(value: Mapping[str, Any]) -> Reasons:
    return Reasons({item["slug"]: Reason(**item) for item in value["reasons"]})


def duplicate_reasons(value: Mapping[str, Any], source: SourceFile) -> Iterator[Problem]:
    """Duplicate slugs. The model cannot report them, because it maps reasons by slug."""
    seen: dict[str, int] = {}
    for index, item in enumerate(value["reasons"]):
        first = seen.setdefault(item["slug"], index)
        if first != index:
            other = source.place("reasons", first, "slug")
            yield Problem(source.place("reasons", index, "slug"), "duplicate-id",
                          f"`{item['slug']}` is a duplicate of the one at {other}",
                          "keep one of them")
