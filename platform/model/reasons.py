"""Why something did not happen, and whether that gives the money back (config/reasons.yml)."""
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# What the platform itself may give as a reason; each must be declared, or nobody knows whether money goes back.
PLATFORM_REASONS = (
    "not_enough_credits", "tenant_suspended", "workorder_invalid", "secrets_missing", "internal_error",
    "unauthorized_release_access", "delivery_missing", "missing_required_input", "bad_input_format",
    "external_api_error", "output_write_failed", "module_failed", "timed_out", "package_failed", "delivery_failed",
    "package_too_large_for_email", "recipient_domain_stoplisted", "skipped_upstream",
    "superseded", "secret_in_output", "refunded_by_decision", "claimed_elsewhere", "repair_held",
)

# What only the platform may say of a step, whatever config/reasons.yml says of it: these decide about money and exit
# statuses, or say what only it can know.
_PLATFORM_ONLY = frozenset({
    "not_enough_credits", "tenant_suspended", "order_limit_exceeded", "workorder_invalid", "secrets_missing",
    "internal_error", "superseded", "unauthorized_release_access", "delivery_missing", "skipped_upstream",
    "claimed_elsewhere", "repair_held", "refunded_by_decision"})
SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")
UNVERIFIED = "unverified"  # of a delivery: nobody can tell whether it arrived
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
        """A reason that nobody declared is a module's own failure: refundable, like `module_failed`."""
        reason = self.by_slug.get(slug)
        return True if reason is None else reason.refundable

    def reserved(self, slug: str, module_id: str, *, delivery: bool) -> bool:
        """Whether a module may not give this reason: it is the platform's own, or it keeps the charge and the operator
        did not list it for this very module. That nobody can tell is for a delivery to say."""
        if slug == UNVERIFIED:
            return not delivery
        own = module_id != GLOBAL and slug in self.by_slug and self.by_slug[slug].scope == module_id
        return slug in _PLATFORM_ONLY or not (self.refundable(slug) or own)

    def transient(self, slug: str) -> bool:
        """Whether the same work may go better the next time although nothing changed that we know of."""
        reason = self.by_slug.get(slug)
        return slug in _TRANSIENT or (reason is not None and reason.category in _TRANSIENT_CATEGORIES)
