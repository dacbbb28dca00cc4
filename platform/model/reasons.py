"""Why something did not happen, and whether that gives the money back (config/reasons.yml)."""
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
