"""Why something did not happen, and whether that gives the money back (config/reasons.yml)."""
from collections.abc import Mapping
from dataclasses import dataclass, field


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
