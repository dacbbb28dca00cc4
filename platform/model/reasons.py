"""Why a step or order did not complete, and whether its charge is refunded (config/reasons.yml)."""
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# The reasons that the platform itself gives. Each must be declared, because the declaration says
# whether it is refunded.
PLATFORM_REASONS = (
    "not_enough_credits",
    "tenant_suspended",
    "workorder_invalid",
    "secrets_missing",
    "internal_error",
    "unauthorized_release_access",
    "delivery_missing",
    "missing_required_input",
    "bad_input_format",
    "external_api_error",
    "output_write_failed",
    "module_failed",
    "timed_out",
    "package_failed",
    "delivery_failed",
    "package_too_large_for_email",
    "recipient_domain_stoplisted",
    "skipped_upstream",
    "superseded",
    "cancelled",
    "secret_in_output",
    "refunded_by_decision",
    "claimed_elsewhere",
    "repair_held",
)

# The reasons that only the platform may give, whatever config/reasons.yml says: they decide about
# money and exit statuses, or state facts that only the platform knows.
_PLATFORM_ONLY = frozenset(
    {
        "not_enough_credits",
        "tenant_suspended",
        "order_limit_exceeded",
        "workorder_invalid",
        "secrets_missing",
        "internal_error",
        "superseded",
        "cancelled",
        "unauthorized_release_access",
        "delivery_missing",
        "skipped_upstream",
        "claimed_elsewhere",
        "repair_held",
        "refunded_by_decision",
    }
)
SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")
CANCELLED = "cancelled"  # by a person
UNVERIFIED = "unverified"  # of a delivery: it is unknown whether it arrived
GLOBAL = "global"


_TRANSIENT = frozenset({"timed_out", "delivery_failed"})
_TRANSIENT_CATEGORIES = frozenset({"external", "storage", "platform"})


@dataclass(frozen=True, slots=True)
class Reason:
    slug: str
    scope: str  # global, or a module id
    category: str
    refundable: bool
    description: str = ""


@dataclass(frozen=True, slots=True)
class Reasons:
    by_slug: Mapping[str, Reason] = field(default_factory=dict)

    def refundable(self, slug: str) -> bool:
        """Whether a reason is refunded. An undeclared reason is a module's failure and refundable,
        like `module_failed`."""
        reason = self.by_slug.get(slug)
        return True if reason is None else reason.refundable

    def reserved(self, slug: str, module_id: str, *, delivery: bool) -> bool:
        """Whether a module may not give this reason. It may not give the platform's own reasons,
        nor a reason that keeps the charge, unless the operator declared it for this module. Only a
        delivery may give `unverified`."""
        if slug == UNVERIFIED:
            return not delivery
        own = module_id != GLOBAL and slug in self.by_slug and self.by_slug[slug].scope == module_id
        return slug in _PLATFORM_ONLY or not (self.refundable(slug) or own)

    def transient(self, slug: str) -> bool:
        """Whether the same work may succeed the next time, although no known input changed."""
        reason = self.by_slug.get(slug)
        return slug in _TRANSIENT or (
            reason is not None and reason.category in _TRANSIENT_CATEGORIES
        )
